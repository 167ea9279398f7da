import { init } from "wray";
import { compileOnce } from "../kernels/asc.ts";
import { assert, rejects, suite } from "../support/index.ts";

const test = suite("tasks that wait for others without end");

test(
  "more of them than a host has threads for fail, and the host goes on",
  async (t) => {
    const wray = await init({ cpus: 2 });
    t.after(() => wray.shutdown());
    const nested = await wray.load(await compileOnce("tests/api/fixtures/nested.ts"));
    const depth = nested.kernel("depth");
    const error = await rejects(wray.get(depth.remote(5_000)), "LIMIT_EXCEEDED");
    assert.is((error as unknown as { data: { limit: string } }).data.limit, "threads");
    assert.is(await wray.get(depth.remote(3)), 3);
  },
  { timeoutMs: 120_000 },
);
