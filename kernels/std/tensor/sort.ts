import { checkLength } from "./sizes";

/** Keys, and a value that belongs to each. */
export class Pairs {
  constructor(
    public keys: Uint32Array,
    public values: Uint32Array,
  ) {}
}

/** The keys in ascending order. */
export function sort(keys: Uint32Array): Uint32Array {
  const sorted = new Uint32Array(keys.length);
  const other = new Uint32Array(keys.length);
  sorted.set(keys);
  radixSort(sorted.dataStart, other.dataStart, 0, 0, keys.length);
  return sorted;
}

/** The pairs in ascending order of their keys; equals stay in their order. */
export function sortPairs(keys: Uint32Array, values: Uint32Array): Pairs {
  checkLength("values", values.length, keys.length);
  const sorted = new Pairs(new Uint32Array(keys.length), new Uint32Array(keys.length));
  const other = new Pairs(new Uint32Array(keys.length), new Uint32Array(keys.length));
  sorted.keys.set(keys);
  sorted.values.set(values);
  radixSort(
    sorted.keys.dataStart,
    other.keys.dataStart,
    sorted.values.dataStart,
    other.values.dataStart,
    keys.length,
  );
  return sorted;
}

/** How many keys have each digit of 8 bits, then where the next of them goes. */
const places = memory.data(256 << 2);

/** To and fro between two arrays, in four passes, so that it ends where it began. There are no values at 0. */
function radixSort(keys: usize, otherKeys: usize, values: usize, otherValues: usize, length: i32): void {
  for (let shift: u32 = 0; shift < 32; shift += 8) {
    pass(keys, otherKeys, values, otherValues, (<usize>length) << 2, shift);
    let swapped = keys;
    keys = otherKeys;
    otherKeys = swapped;
    swapped = values;
    values = otherValues;
    otherValues = swapped;
  }
}

function pass(keys: usize, toKeys: usize, values: usize, toValues: usize, bytes: usize, shift: u32): void {
  memory.fill(places, 0, 256 << 2);
  for (let at: usize = 0; at < bytes; at += 4) {
    const place = placeOf(load<u32>(keys + at), shift);
    store<u32>(place, load<u32>(place) + 4);
  }
  let before: u32 = 0;
  for (let place = places; place < places + (256 << 2); place += 4) {
    const own = load<u32>(place);
    store<u32>(place, before);
    before += own;
  }
  for (let at: usize = 0; at < bytes; at += 4) {
    const key = load<u32>(keys + at);
    const place = placeOf(key, shift);
    const to = load<u32>(place);
    store<u32>(place, to + 4);
    store<u32>(toKeys + to, key);
    if (values != 0) store<u32>(toValues + to, load<u32>(values + at));
  }
}

/** Where it is kept for the digit of a key. */
function placeOf(key: u32, shift: u32): usize {
  return places + ((<usize>((key >> shift) & 255)) << 2);
}
