import { diff } from "../../../host/actors/state-diff.ts";
import { type Delta, patch } from "../../../scheduler/actors/delta.ts";
import { forSeeds, type Random } from "../../scheduler/seeds.ts";
import { assert, suite, throwsCode } from "../../support/index.ts";

const test = suite("actors/state-diff");
const blockBytes = 64;
const pageBytes = 4_096;

/** The state of an actor with this memory: its globals, and each part that is not zero. */
function stateOf(memory: Uint8Array, globals: readonly number[]): Uint8Array {
  const parts: { start: number; bytes: number[] }[] = [];
  for (let at = 0; at < memory.byteLength; at += blockBytes) {
    const block = memory.subarray(at, at + blockBytes);
    if (block.every((byte) => byte === 0)) continue;
    const last = parts.at(-1);
    if (last !== undefined && last.start + last.bytes.length === at) last.bytes.push(...block);
    else parts.push({ start: at, bytes: [...block] });
  }
  const state: number[] = [];
  const word = (value: number) => state.push(...new Uint8Array(Uint32Array.of(value).buffer));
  word(1);
  word(globals.length);
  state.push(...new Uint8Array(Float64Array.from(globals).buffer));
  for (const { start, bytes } of parts) {
    word(start);
    word(bytes.length);
    for (const byte of bytes) state.push(byte);
  }
  return Uint8Array.from(state);
}

/** A checkpoint: what comes before a state, which is another each time, and that. */
const withHead = (head: Uint8Array, state: Uint8Array) => Uint8Array.from([...head, ...state]);

/** Parts of a memory are written, or become zero. */
function change(memory: Uint8Array, random: Random, most: number): void {
  for (let count = random.below(most + 1); count > 0; count--) {
    const start = random.below(memory.byteLength + 1);
    memory.fill(random.pick([0, 0, 1, 2, 3]), start, start + random.pick([1, 100, 5_000, 20_000]));
  }
}

test("patch() makes of a state and diff() the next one, whatever has changed, and however long both are", () => {
  let [deltaCount, wholeCount] = [0, 0];
  forSeeds(600, (random) => {
    const before = new Uint8Array(blockBytes * random.pick([0, 1, 63, 64, 65, 1_000, 1_001, 1_500]));
    change(before, random, 20);
    const after = new Uint8Array(random.pick([before.byteLength, 0, blockBytes, 90_000]));
    after.set(before.subarray(0, after.byteLength));
    change(after, random, 3);
    const globals = [random.next()];
    const [one, other] = [stateOf(before, globals), stateOf(after, random.pick([globals, [random.next()]]))];
    const [head, next] = [Uint8Array.of(1, 1, 1), Uint8Array.of(2, 2, 2)];
    const delta = diff(one, other, next);
    if (delta === undefined) {
      wholeCount++;
      return;
    }
    deltaCount++;
    assert.ok(delta.bytes.byteLength <= other.byteLength / 2 + next.byteLength);
    const made = patch(withHead(head, one), { base: "one", ...delta });
    assert.is(Buffer.compare(made, withHead(next, other)), 0);
  });
  assert.ok(deltaCount > 100 && wholeCount > 100, `${deltaCount} deltas, ${wholeCount} whole`);
});

test("of what is no state, diff() and patch() make the next one as well", () => {
  let deltaCount = 0;
  forSeeds(300, (random) => {
    const words = () =>
      Uint32Array.from({ length: 2 + random.below(50) }, () => random.below(random.pick([9, 2 ** 32])));
    const before = new Uint8Array(words().buffer);
    const after = random.happens(0.5) ? before.slice() : new Uint8Array(words().buffer);
    after[random.below(after.byteLength)] = random.below(256);
    const delta = diff(before, after, new Uint8Array());
    if (delta === undefined) return;
    deltaCount++;
    assert.is(Buffer.compare(patch(before, { base: "one", ...delta }), after), 0);
  });
  assert.ok(deltaCount > 20, `${deltaCount} deltas`);
});

test("diff() has only the pages that have changed, also where what follows is further on by that", () => {
  const memory = new Uint8Array(100 * pageBytes);
  // Of each page, some blocks are zero.
  for (let at = 0; at < memory.byteLength; at += 1_024) memory.fill(1, at, at + 512);
  const before = stateOf(memory, []);
  memory[50 * pageBytes + 600] = 1;
  const { runs, bytes } = diff(before, stateOf(memory, []), new Uint8Array())!;
  assert.is(runs.length, 6, "all pages before it, and all after it");
  assert.ok(bytes.byteLength < pageBytes, `${bytes.byteLength} bytes`);
  const same = diff(before, before, Uint8Array.of(7))!;
  assert.equal([...same.runs], [1, 1, before.byteLength]);
  assert.equal([...same.bytes], [7]);
});

test("patch() refuses what takes bytes that are not there", () => {
  const before = new Uint8Array(10);
  const delta = (runs: number[], byteLength = 0): Delta => ({
    ...{ base: "one", runs: Float64Array.from(runs), bytes: new Uint8Array(byteLength) },
  });
  assert.is(patch(before, delta([2, 0, 10], 3)).byteLength, 13);
  for (const runs of [
    [0, 1, 10],
    [0, -1, 2],
    [0, 0.5, 2],
    [0, 0, Number.NaN],
    [3, 0, 1],
    [0, 0],
  ])
    throwsCode(() => patch(before, delta(runs, 2)), "PROTOCOL_ERROR");
});
