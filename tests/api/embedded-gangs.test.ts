import { type Client, init, type Module } from "wray";
import { partOf } from "../../scheduler/collectives/step.ts";
import { compileOnce } from "../kernels/asc.ts";
import { assert, rejects, suite } from "../support/index.ts";

const test = suite("api/embedded-gangs");

let wray: Client;
let gang: Module;
test.before(async () => {
  wray = await init({ cpus: 3 });
  gang = await wray.load(await compileOnce("tests/api/fixtures/gang.ts"));
});
test.after(() => wray.shutdown());

test("allReduce() sums", async () => {
  const refs = await gang.kernel("sumF64").gang([0, 1, 2, 3].map((n) => [Float64Array.of(n, 1, 10 * n)]));
  for (const value of await wray.get(refs)) assert.equal(value, Float64Array.of(6, 4, 60));
});
