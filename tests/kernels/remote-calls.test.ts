import { init } from "wray";
import { assert, suite } from "../support/index.ts";
import { compileOnce, fixtures } from "./asc.ts";

const test = suite("calls of the sdk's remote");

for (const [kernel, expected] of [
  ["renamed", "6 text"],
  ["qualified", "-1 2"],
  ["everywhere", "field loop loop"],
  ["inEachOther", 8],
] as const) {
  test(
    `asc hands arguments of any type to the host in ${kernel}`,
    async (t) => {
      const wray = await init({ cpus: 1 });
      t.after(() => wray.shutdown());
      const module = await wray.load(await compileOnce(`${fixtures}/remote-names.ts`));
      assert.is(await wray.get(module.kernel(kernel).remote()), expected);
    },
    { timeoutMs: 90_000 },
  );
}
