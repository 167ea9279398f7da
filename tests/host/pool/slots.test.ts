import { Site } from "../../../host/pool/site.ts";
import { Slots } from "../../../host/pool/slots.ts";
import { ItemWriter, readItems, readNumber } from "../../../host/ring/items.ts";
import { sharedBytes, slotAt, slotCount, slotWords, viewShared } from "../../../host/ring/layout.ts";
import {
  depthWord,
  numberWord,
  siteWord,
  slotState,
  stateWord,
  ticketWord,
  workerWord,
} from "../../../host/ring/slot.ts";
import { forSeeds } from "../../scheduler/seeds.ts";
import { assert, suite } from "../../support/index.ts";
import { siteFacts, TestCall } from "./calls.ts";

const test = suite("Slots");

function newSlots() {
  const shared = viewShared(new SharedArrayBuffer(sharedBytes));
  const slots = new Slots(shared);
  const items = new ItemWriter(shared);
  return {
    slots,
    shared,
    items,
    fill: (call = new TestCall()) => slots.fill(call, items),
    word: (slot: number, offset: number) => shared.words[slotAt(slot) + offset]!,
  };
}

/** What a worker does to a slot that it has taken; false when it is not to run it. */
const begin = (words: Int32Array, slot: number, worker: number) => {
  const { queued, running } = slotState;
  words[slotAt(slot) + workerWord] = worker;
  return Atomics.compareExchange(words, slotAt(slot) + stateWord, queued, running) === queued;
};

test("fill() writes all that a worker needs of a call", () => {
  const { slots, shared, fill, word } = newSlots();
  const call = new TestCall(
    (items) => {
      items.number(2.5);
      items.segment(70_000, 4);
    },
    { site: new Site(17, siteFacts()), depth: 3, number: 2 ** 40 + 1 },
  );
  const slot = fill(call);
  assert.equal([call.slot, word(slot, siteWord), word(slot, depthWord)], [slot, 17, 3]);
  assert.is(word(slot, ticketWord), call.ticket);
  assert.is(shared.floats[(slotAt(slot) + numberWord) / 2], 2 ** 40 + 1);
  assert.is(slots.state(slot), slotState.queued);
  assert.is(slots.call(slot), call);
  assert.equal(
    readItems(shared, slot).map(({ byteLength, segment }) => [byteLength, segment]),
    [
      [16, 0],
      [70_000, 4],
    ],
  );
});

test("giveBack() makes a slot free, which is the next to be filled, with nothing of the last call", () => {
  const { slots, shared, fill } = newSlots();
  const [first, second] = [new TestCall((items) => items.number(1)), new TestCall()];
  const slot = fill(first);
  fill();
  slots.giveBack(slot);
  assert.is(first.slot, -1);
  assert.is(slots.call(slot), undefined);
  assert.is(slots.state(slot), slotState.free);
  assert.is(fill(second), slot);
  assert.is.not(second.ticket, first.ticket);
  assert.is(readNumber(shared, slot), undefined);
  assert.equal(readItems(shared, slot), []);
});

test("every slot can be filled at once, and lies apart from the others", () => {
  const { slots, shared, fill } = newSlots();
  const filled = new Set<number>();
  for (let nth = 0; nth < slotCount; nth++) {
    assert.ok(slots.hasFree);
    filled.add(fill(new TestCall((items) => items.number(nth))));
  }
  assert.not(slots.hasFree);
  assert.is(slots.usedCount, slotCount);
  assert.is(filled.size, slotCount);
  assert.ok([...filled].every((slot) => slot >= 0 && slot < slotCount));
  for (const call of slots.used()) assert.is(readNumber(shared, call.slot), call.ticket - 1);
  assert.is(slotAt(slotCount - 1) + slotWords, shared.words.length);
});

test("a call whose arguments have no room leaves its slot free, and the next call gets it", () => {
  const { slots, fill } = newSlots();
  const call = new TestCall((items) => items.inline(new Uint8Array(100_000)));
  assert.throws(() => fill(call), /no room/);
  assert.equal([call.slot, slots.usedCount, [...slots.used()].length], [-1, 0, 0]);
  const next = new TestCall();
  assert.is(slots.call(fill(next)), next);
});

test("cancel() takes back what no worker has begun, and the worker then leaves it alone", () => {
  const { slots, shared, fill } = newSlots();
  const slot = fill();
  assert.ok(slots.cancel(slot));
  assert.is(slots.state(slot), slotState.cancelled);
  assert.not(begin(shared.words, slot, 0));
  assert.not(slots.isRunningOn(slot, 0));
  assert.not(slots.cancel(slot), "a second time");
});

test("cancel() comes too late when a worker has begun, or is done", () => {
  const { slots, shared, fill } = newSlots();
  const slot = fill();
  assert.ok(begin(shared.words, slot, 2));
  for (const state of [slotState.running, slotState.value, slotState.error]) {
    shared.words[slotAt(slot) + stateWord] = state;
    assert.not(slots.cancel(slot));
    assert.is(slots.state(slot), state);
  }
});

test("isRunningOn() tells the worker that has begun a call, until it is done", () => {
  const { slots, shared, fill } = newSlots();
  const slot = fill();
  // One that came too late has left its number before.
  shared.words[slotAt(slot) + workerWord] = 2;
  assert.not(slots.isRunningOn(slot, 2), "not before it has begun");
  begin(shared.words, slot, 5);
  assert.ok(slots.isRunningOn(slot, 5));
  assert.not(slots.isRunningOn(slot, 2));
  shared.words[slotAt(slot) + stateWord] = slotState.value;
  assert.not(slots.isRunningOn(slot, 5));
});

test("any order of fill() and giveBack() keeps each call in a slot of its own", () => {
  const { slots, shared, fill } = newSlots();
  forSeeds(200, (random) => {
    const held: TestCall[] = [];
    for (let step = 0; step < 60; step++) {
      if (random.happens(0.6)) {
        const call = new TestCall((items) => items.number(call.number), { number: random.next() });
        fill(call);
        held.push(call);
      } else if (held.length > 0) {
        slots.giveBack(held.splice(random.below(held.length), 1)[0]!.slot);
      }
      assert.is(slots.usedCount, held.length);
      assert.is(new Set(held.map(({ slot }) => slot)).size, held.length);
      for (const call of held) {
        assert.is(slots.call(call.slot), call);
        assert.is(readNumber(shared, call.slot), call.number);
      }
    }
    assert.equal(new Set(slots.used()), new Set(held));
    for (const { slot } of held) slots.giveBack(slot);
  });
});
