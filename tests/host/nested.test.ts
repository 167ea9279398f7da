import { type Client, init, type Module } from "wray";
import { compileOnce } from "../kernels/asc.ts";
import { assert, suite } from "../support/index.ts";

const test = suite("nested tasks on a host of two cpus");
let wray: Client;
let nested: Module;

test.before(async (t) => {
  wray = await init({ cpus: 2 });
  t.after(() => wray.shutdown());
  nested = await wray.load(await compileOnce("tests/api/fixtures/nested.ts"));
});

const run = (kernel: string, ...args: unknown[]) => wray.get(nested.kernel(kernel).remote(...args));

test(
  "a hundred tasks wait in each other, and the last one's result comes back through all",
  async () => {
    assert.is(await run("depth", 100), 100);
  },
  { timeoutMs: 60_000 },
);

test(
  "fib(20) of one task for each call is right",
  async () => {
    assert.is(await run("fib", 20), 6_765n);
  },
  { timeoutMs: 120_000 },
);
