import { headOffset, ringWords, slotCount, tailOffset } from "../../../host/ring/layout.ts";
import { Completions, Submissions } from "../../../host/ring/rings.ts";
import { forSeeds, type Random } from "../../scheduler/seeds.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("rings");

/** Where heads and tails may stand: at first, and before 32-bit integers change their sign, or come to 0 again. */
const starts = [0, 0x7fff_ffff - 5, -5, 1_234_567];

/** The words of a ring of which so much has been pushed and taken, and one word more. */
function ringAt(start: number): Int32Array {
  const words = new Int32Array(new SharedArrayBuffer(4 * (ringWords + 1)));
  words[headOffset] = start;
  words[tailOffset] = start;
  return words;
}
const announceAt = ringWords;

test("take() gives what was pushed, the oldest first, and then -1", () => {
  for (const start of starts) {
    const words = ringAt(start);
    for (const ring of [new Submissions(words, 0), new Completions(words, 0)]) {
      assert.is(ring.take(), -1);
      for (let slot = 0; slot < 20; slot++) ring.push(slot);
      for (let slot = 0; slot < 20; slot++) assert.is(ring.take(), slot, `from ${start}`);
      assert.is(ring.take(), -1);
    }
  }
});

test("a ring has room for every slot, wherever it begins", () => {
  for (const start of starts) {
    const words = ringAt(start);
    const submissions = new Submissions(words, 0);
    for (let slot = 0; slot < slotCount; slot++) submissions.push(slot);
    assert.is(submissions.length, slotCount);
    assert.ok(submissions.has(0) && submissions.has(slotCount - 1));
    for (let slot = 0; slot < slotCount; slot++) assert.is(submissions.take(), slot);
    assert.is(submissions.length, 0);
    assert.not(submissions.has(0));

    const completions = new Completions(words, 0);
    for (let slot = 0; slot < slotCount; slot++) completions.push(slot);
    for (let slot = 0; slot < slotCount; slot++) assert.is(completions.take(), slot);
    assert.is(completions.take(), -1);
  }
});

test("a ring that another object left goes on where that was", () => {
  const words = ringAt(0x7fff_ffff);
  for (const Ring of [Submissions, Completions]) {
    new Ring(words, 0).push(1);
    new Ring(words, 0).push(2);
    assert.is(new Ring(words, 0).take(), 1);
    assert.is(new Ring(words, 0).take(), 2);
    assert.is(new Ring(words, 0).take(), -1);
  }
});

test("take() announces what it takes, 1 more than the slot, and clears that when there is nothing", () => {
  const words = ringAt(-1);
  const ring = new Submissions(words, 0);
  ring.push(0);
  ring.push(7);
  assert.is(ring.take(announceAt), 0);
  assert.is(words[announceAt], 1);
  assert.is(ring.take(announceAt), 7);
  assert.is(words[announceAt], 8);
});

test("take() leaves the word alone when the ring was empty from the start", () => {
  const words = ringAt(0);
  words[announceAt] = 5;
  assert.is(new Submissions(words, 0).take(announceAt), -1);
  assert.is(words[announceAt], 5);
});

/** One queue after the other: what rings do, without anyone in between. */
function runSchedule(random: Random): void {
  const words = ringAt(random.pick(starts) - random.below(10));
  const rings = [new Submissions(words, 0), new Submissions(words, 0)];
  const queue: number[] = [];
  const free = Array.from({ length: 12 }, (_, index) => index * 300);
  for (let step = 0; step < 100; step++) {
    const ring = random.pick(rings);
    if (random.happens(0.5) && free.length > 0) {
      const [slot] = free.splice(random.below(free.length), 1);
      ring.push(slot!);
      queue.push(slot!);
    } else {
      const slot = ring.take(random.happens(0.5) ? announceAt : undefined);
      assert.is(slot, queue.shift() ?? -1);
      if (slot >= 0) free.push(slot);
    }
    assert.is(ring.length, queue.length);
    for (let slot = 0; slot < 12; slot++) assert.is(ring.has(slot * 300), queue.includes(slot * 300));
  }
}

test("submissions are a queue, whatever is done with them", () => {
  forSeeds(1_000, runSchedule);
});
