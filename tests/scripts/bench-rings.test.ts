import { Ring } from "../../scripts/bench/bare/ring.ts";
import { runBatch, runBatchOfPromises } from "../../scripts/bench/bare/ring-batch.ts";
import { slotCount } from "../../scripts/bench/bare/ring-memory.ts";
import { scratchModule } from "../../scripts/bench/local/scratch.ts";
import { assert, suite, type TestContext } from "../support/index.ts";

const test = suite("rings of the bench");

test("Ring gives each task's sum to who blocks and to who awaits, for more tasks than it has slots", async (t) => {
  const [ring] = await startRings(t, 1);
  for (let index = 0; index < slotCount + 10; index++) assert.is(ring!.callSync(index, 0.5), index + 0.5);
  for (let index = 0; index < 10; index++) assert.is(await ring!.call(index, 0.5), index + 0.5);
});

test("Ring wakes its worker when that sleeps", async (t) => {
  const [ring] = await startRings(t, 1);
  for (let index = 0; index < 3; index++) {
    while (!ring!.isAsleep);
    assert.is(await ring!.call(index, 1), index + 1);
    while (!ring!.isAsleep);
    assert.is(ring!.callSync(index, 2), index + 2);
  }
});

test("runBatch() and runBatchOfPromises() check every task of several workers, whose memory is put back", async (t) => {
  const rings = await startRings(t, 2, await WebAssembly.compile(await scratchModule()));
  for (const run of [runBatch, runBatchOfPromises, runBatch]) await run(rings, 10_001);
  assert.equal(
    rings.map(({ completed }) => completed),
    [15_003, 15_000],
  );
});

test("scratchModule() gives a wrong sum when its memory or its global was not put back", async () => {
  const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(await scratchModule()));
  const add = exports.add as (a: number, b: number) => number;
  const bytes = new Uint8Array((exports.memory as WebAssembly.Memory).buffer);
  const count = exports.count as WebAssembly.Global<"i32">;
  const first = bytes.slice();
  assert.is(add(1, 2), 3);
  bytes.set(first);
  assert.is.not(add(1, 2), 3);
  count.value = 0;
  assert.is.not(add(1, 2), 3);
  bytes.set(first);
  count.value = 0;
  assert.is(add(1, 2), 3);
});

async function startRings(t: TestContext, count: number, scratch?: WebAssembly.Module): Promise<Ring[]> {
  const rings: Ring[] = [];
  for (let index = 0; index < count; index++) {
    const ring = await Ring.start(scratch);
    t.after(() => ring.stop());
    rings.push(ring);
  }
  return rings;
}
