import { type Client, init } from "wray";
import { compileOnce } from "../kernels/asc.ts";
import { rejects, suite } from "../support/index.ts";
import { gangTests } from "./gangs.ts";

const test = suite("api/embedded-gangs");

let wray: Client;
test.before(async () => {
  wray = await init({ cpus: 2 });
});
test.after(() => wray.shutdown());

// More than it has cpus.
gangTests(test, () => ({ wray, mostMembers: 5 }));

test("a gang on an embedded host asks for what there is, or does not start", async () => {
  const gang = await wray.load(await compileOnce("tests/api/fixtures/gang.ts"));
  const who = gang.kernel("who");
  await rejects(who.gang([[], []], { strategy: "STRICT_SPREAD" }), "INFEASIBLE_TASK");
  await rejects(who.gang([[], []], { strategy: "PAK" as "PACK" }), "INVALID_TASK");
  const [ref] = await who.options({ resources: { gpu: 1 } }).gang([[]]);
  wray.cancel(ref!);
  await rejects(who.gang([]), "INVALID_TASK");
});
