import { stateBlockBytes as blockBytes } from "../wasm/restore.ts";
import type { Instance } from "./instance.ts";

// The state of an actor, as bytes that mean the same on every machine: what it has changed since an instance of its module
// had started. In 32-bit words:
//
//     0    pages of memory
//     1    how many globals
//     2-   each global in 8 bytes: an f64, or the bits of an integer
//     then for each part of memory that has changed: where it begins, how many bytes it has, and these
//
// Memory is looked at in blocks of 64 bytes, and neighbours are one part.

const pageBytes = 64 * 1024;
const blockWords = blockBytes / 4;
const partHeaderBytes = 8;
const mostSingleWords = 128;

/** What an instance is now, between calls. */
export function captureState(instance: Instance): Uint8Array<ArrayBuffer> {
  const { globals, runtime } = instance;
  const memory = runtime.memory?.buffer ?? new ArrayBuffer(0);
  const words = new Int32Array(memory);
  const parts = partsOf(instance, words);
  let byteLength = 8 + 8 * globals.length;
  for (let at = 1; at < parts.length; at += 2) byteLength += partHeaderBytes + parts[at]!;
  const state = new Uint8Array(byteLength);
  const view = new DataView(state.buffer);
  view.setUint32(0, memory.byteLength / pageBytes, true);
  view.setUint32(4, globals.length, true);
  let offset = 8;
  for (const { value } of globals) {
    if (typeof value === "bigint") view.setBigInt64(offset, value, true);
    else view.setFloat64(offset, value, true);
    offset += 8;
  }
  const stateWords = new Int32Array(state.buffer);
  for (let at = 0; at < parts.length; at += 2) {
    const [start, length] = [parts[at]!, parts[at + 1]!];
    view.setUint32(offset, start, true);
    view.setUint32(offset + 4, length, true);
    offset += partHeaderBytes;
    copyWords(words, start / 4, stateWords, offset / 4, length / 4);
    offset += length;
  }
  return state;
}

/** Makes an instance of the same module, which has just started, what another was when its state was captured. */
export function restoreState({ globals, runtime }: Instance, state: Uint8Array): void {
  const view = new DataView(state.buffer, state.byteOffset, state.byteLength);
  const [pages, count] = [view.getUint32(0, true), view.getUint32(4, true)];
  if (count !== globals.length) throw new RangeError(`a state of ${count} globals, not ${globals.length}`);
  let offset = 8;
  for (const global of globals) {
    global.value =
      typeof global.value === "bigint" ? view.getBigInt64(offset, true) : view.getFloat64(offset, true);
    offset += 8;
  }
  const { memory } = runtime;
  if (memory === undefined) return;
  const missing = pages - memory.buffer.byteLength / pageBytes;
  if (missing > 0) memory.grow(missing);
  const bytes = new Uint8Array(memory.buffer);
  while (offset < state.byteLength) {
    const [start, length] = [view.getUint32(offset, true), view.getUint32(offset + 4, true)];
    offset += partHeaderBytes;
    bytes.set(state.subarray(offset, offset + length), start);
    offset += length;
  }
}

/** Most parts are so short that a view of one takes longer than to copy it. */
function copyWords(from: Int32Array, start: number, to: Int32Array, at: number, count: number): void {
  if (count > mostSingleWords) to.set(from.subarray(start, start + count), at);
  else for (let nth = 0; nth < count; nth++) to[at + nth] = from[start + nth]!;
}

/** Where each part of memory begins that has changed, and how many bytes it has. */
function partsOf(instance: Instance, words: Int32Array): number[] {
  // What it was; zeros follow.
  const image = wordsOf(instance.image);
  const parts: number[] = [];
  let end = -1;
  const add = (at: number) => {
    const start = 4 * at;
    if (start === end) parts[parts.length - 1]! += blockBytes;
    else parts.push(start, blockBytes);
    end = start + blockBytes;
  };
  let at = 0;
  for (; at < image.length; at += blockWords) if (!isSame(words, image, at)) add(at);
  while (at < words.length) {
    at = instance.nextUsed(4 * at, words.byteLength) / 4;
    // Mostly more follow.
    for (; at < words.length && !isZero(words, at); at += blockWords) add(at);
  }
  return parts;
}

/** Without a loop, and without a branch for each word: most blocks are the same, and this takes half the time. */
const isSame = (words: Int32Array, image: Int32Array, at: number): boolean =>
  ((words[at]! ^ image[at]!) |
    (words[at + 1]! ^ image[at + 1]!) |
    (words[at + 2]! ^ image[at + 2]!) |
    (words[at + 3]! ^ image[at + 3]!) |
    (words[at + 4]! ^ image[at + 4]!) |
    (words[at + 5]! ^ image[at + 5]!) |
    (words[at + 6]! ^ image[at + 6]!) |
    (words[at + 7]! ^ image[at + 7]!) |
    (words[at + 8]! ^ image[at + 8]!) |
    (words[at + 9]! ^ image[at + 9]!) |
    (words[at + 10]! ^ image[at + 10]!) |
    (words[at + 11]! ^ image[at + 11]!) |
    (words[at + 12]! ^ image[at + 12]!) |
    (words[at + 13]! ^ image[at + 13]!) |
    (words[at + 14]! ^ image[at + 14]!) |
    (words[at + 15]! ^ image[at + 15]!)) ===
  0;

const isZero = (words: Int32Array, at: number): boolean =>
  (words[at]! |
    words[at + 1]! |
    words[at + 2]! |
    words[at + 3]! |
    words[at + 4]! |
    words[at + 5]! |
    words[at + 6]! |
    words[at + 7]! |
    words[at + 8]! |
    words[at + 9]! |
    words[at + 10]! |
    words[at + 11]! |
    words[at + 12]! |
    words[at + 13]! |
    words[at + 14]! |
    words[at + 15]!) ===
  0;

const wordsOf = (image: Uint8Array) => new Int32Array(image.buffer, image.byteOffset, image.byteLength / 4);
