import {
  type Item,
  ItemWriter,
  numberAt,
  numberItemWords,
  readItems,
  readNumber,
} from "../../../host/ring/items.ts";
import { sharedBytes, slotAt, slotCount, slotWords, viewShared } from "../../../host/ring/layout.ts";
import { itemHeaderWords, itemsWord } from "../../../host/ring/slot.ts";
import { encodeValue } from "../../../scheduler/protocol/value.ts";
import { forSeeds, type Random } from "../../scheduler/seeds.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("items");

const shared = viewShared(new SharedArrayBuffer(sharedBytes));
const { words, floats } = shared;
const emptySlotBytes = 4 * (slotWords - itemsWord - itemHeaderWords);

const numbers = [0, -0, 1, -1.5, 2 ** 53, 5e-324, 2.2250738585072014e-308, Number.MAX_VALUE];
const oddNumbers = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const anyNumber = (random: Random) => random.pick([...numbers, ...oddNumbers, random.next() - 0.5]);

const begun = (slot: number) => {
  const items = new ItemWriter(shared);
  items.begin(slot);
  return items;
};

/** A NaN with a sign and a payload, as a kernel may compute it. */
const strangeNaN = () => new Float64Array(new BigUint64Array([0xfff8_dead_beef_0001n]).buffer)[0]!;

test("number() writes what encodeValue() makes of it, with the one NaN that values have", () => {
  for (const number of [...numbers, ...oddNumbers, strangeNaN()]) {
    begun(3).number(number);
    const [item] = readItems(shared, 3);
    assert.equal(Uint8Array.from(item!.bytes), encodeValue(number), `${number}`);
  }
});

test("readNumber() gives back every number when it is the only item", () => {
  for (const number of [...numbers, ...oddNumbers]) {
    begun(slotCount - 1).number(number);
    const read = readNumber(shared, slotCount - 1);
    assert.ok(Object.is(read, number), `${read} instead of ${number}`);
  }
});

test("readNumber() gives none when there are no items, or several, or another, or one in a segment", () => {
  const slot = 5;
  const other = begun(slot);
  assert.is(readNumber(shared, slot), undefined);
  other.number(1);
  other.number(2);
  assert.is(readNumber(shared, slot), undefined);
  for (const value of ["x", "12345678", true, null, new Uint8Array(8), 12n, [1], undefined]) {
    begun(slot).inline(encodeValue(value));
    assert.is(readNumber(shared, slot), undefined, `${value}`);
  }
  begun(slot).segment(16, 1);
  assert.is(readNumber(shared, slot), undefined, "a segment");
});

test("begin() leaves nothing of the slot's last call", () => {
  const items = begun(9);
  items.number(1);
  items.segment(10_000, 4);
  items.begin(9);
  assert.equal(readItems(shared, 9), []);
  assert.is(items.leftBytes, emptySlotBytes);
});

test("an item may fill its slot to the last byte, and touches no other", () => {
  for (const slot of [0, 8, slotCount - 1]) {
    const next = slot === slotCount - 1 ? undefined : slotAt(slot + 1);
    if (next !== undefined) words[next] = 77;
    const items = begun(slot);
    const bytes = new Uint8Array(items.leftBytes).fill(0xa5);
    items.inline(bytes);
    assert.equal(Uint8Array.from(readItems(shared, slot)[0]!.bytes), bytes);
    assert.ok(items.leftBytes < 0, "not even an empty one has room");
    if (next !== undefined) assert.is(words[next], 77);
  }
});

test("an item that has no room is refused, and the slot is as it was", () => {
  const slot = 10;
  words.fill(0, slotAt(slot + 1), slotAt(slot + 2));
  const items = begun(slot);
  items.inline(new Uint8Array(items.leftBytes - 16).fill(1));
  assert.is(items.leftBytes, 8);
  for (const write of [
    () => items.inline(new Uint8Array(9)),
    () => items.number(1),
    () => items.inline(new Uint8Array(9_000)),
  ]) {
    assert.throws(write, /no room/);
  }
  items.inline(new Uint8Array(8).fill(2));
  assert.throws(() => items.segment(100, 1), /no room/);
  assert.equal(
    readItems(shared, slot).map(({ bytes }) => bytes[0]),
    [1, 2],
  );
  assert.ok(words.subarray(slotAt(slot + 1), slotAt(slot + 2)).every((word) => word === 0));
});

test("a segment may be as long as a module's memory", () => {
  for (const byteLength of [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
    begun(11).segment(byteLength, 3);
    assert.equal(readItems(shared, 11), [{ bytes: new Uint8Array(), byteLength, segment: 3 }]);
  }
});

type Written =
  | { kind: "number"; value: number }
  | { kind: "inline"; bytes: Uint8Array }
  | { kind: "segment" };

/** Fills a slot with whatever has room, and reads it again. */
function roundTrip(random: Random): void {
  const slot = random.below(slotCount);
  const items = begun(slot);
  const written: { what: Written; byteLength: number; segment: number }[] = [];
  const mostBytes = random.pick([20, 300, 9_000]);
  while (items.leftBytes >= 0 && !random.happens(0.03)) {
    const kind = random.pick(["number", "inline", "segment"] as const);
    const before = items.leftBytes;
    if (kind === "segment") {
      const [byteLength, segment] = [
        random.below(2 ** 31),
        random.happens(0.2) ? -1 : 1 + random.below(2 ** 30),
      ];
      items.segment(byteLength, segment);
      written.push({ what: { kind }, byteLength, segment });
      assert.is(items.leftBytes, before - 8);
    } else if (kind === "inline") {
      const bytes = new Uint8Array(random.below(1 + Math.min(before, mostBytes))).map(() =>
        random.below(256),
      );
      items.inline(bytes);
      written.push({ what: { kind, bytes }, byteLength: bytes.length, segment: 0 });
      assert.is(items.leftBytes, before - 8 - 8 * Math.ceil(bytes.length / 8));
    } else if (before >= 16) {
      const value = anyNumber(random);
      items.number(value);
      written.push({ what: { kind, value }, byteLength: 16, segment: 0 });
      assert.is(items.leftBytes, before - 4 * numberItemWords);
    }
  }
  const read = readItems(shared, slot);
  assert.is(read.length, written.length);
  for (const [index, { what, byteLength, segment }] of written.entries()) {
    const item = read[index] as Item;
    assert.equal([item.byteLength, item.segment], [byteLength, segment]);
    assert.is(item.bytes.byteOffset % 8, 0);
    assert.is(item.bytes.byteLength, segment === 0 ? byteLength : 0);
    if (what.kind === "inline") assert.equal(Uint8Array.from(item.bytes), what.bytes);
    if (what.kind !== "number") continue;
    const at = item.bytes.byteOffset / 4 - itemHeaderWords;
    assert.ok(Object.is(numberAt(words, floats, at), what.value), `${what.value}`);
  }
}

test("readItems() gives back whatever was written, aligned to 8 bytes", () => {
  forSeeds(1_000, roundTrip);
});
