import { numberBytes } from "../../scheduler/protocol/value-format.ts";
import { type Shared, slotAt, slotWords } from "./layout.ts";
import { itemCountWord, itemHeaderWords, itemsWord } from "./slot.ts";

type Bytes = Uint8Array<ArrayBufferLike>;

/** The tag of a number in an encoded value. */
const numberTag = 3;

/** An encoded value: these bytes of the slot, or, when the segment is not 0, so many at the beginning of that. */
export type Item = { bytes: Bytes; byteLength: number; segment: number };

/** Puts items into a slot, one after the other. */
export class ItemWriter {
  readonly #shared: Shared;
  readonly #onSegment: (segment: number) => void;
  #slot = 0;
  /** The next free word, and the first after the slot. */
  #at = 0;
  #end = 0;

  /** @param onSegment is told of each segment that an item lies in */
  constructor(shared: Shared, onSegment: (segment: number) => void = () => {}) {
    this.#shared = shared;
    this.#onSegment = onSegment;
  }

  begin(slot: number): void {
    this.#slot = slotAt(slot);
    this.#at = this.#slot + itemsWord;
    this.#end = this.#slot + slotWords;
    this.#shared.words[this.#slot + itemCountWord] = 0;
  }

  /** How many bytes an encoded value may still have here. */
  get leftBytes(): number {
    return 4 * (this.#end - this.#at - itemHeaderWords);
  }

  /** A number, encoded as `encodeValue` does it. */
  number(value: number): void {
    const { words, floats } = this.#shared;
    const at = this.#head(numberBytes, 0);
    words[at] = numberTag;
    words[at + 1] = 0;
    // JavaScript may give a NaN other bits than the one that values have.
    floats[(at + 2) / 2] = Number.isNaN(value) ? Number.NaN : value;
  }

  /** An encoded value that has room. @throws RangeError when it has none; so do the others, and nothing is written */
  inline(encoded: Bytes): void {
    const at = this.#head(encoded.byteLength, 0);
    this.#shared.bytes.set(encoded, 4 * at);
  }

  /** An encoded value that lies in a segment. */
  segment(byteLength: number, segment: number): void {
    this.#onSegment(segment);
    this.#head(byteLength, segment);
  }

  #head(byteLength: number, segment: number): number {
    const { words } = this.#shared;
    const at = this.#at;
    const next = nextItem(at, byteLength, segment);
    // Behind it is another call's slot.
    if (next > this.#end) throw new RangeError(`an item of ${byteLength} bytes has no room in its slot`);
    words[at] = byteLength;
    words[at + 1] = segment;
    words[this.#slot + itemCountWord]!++;
    this.#at = next;
    return at + itemHeaderWords;
  }
}

/** The items of a slot, in order. Their bytes are those of the slot. */
export function readItems({ words, bytes }: Shared, slot: number): Item[] {
  const start = slotAt(slot);
  const items: Item[] = [];
  let at = start + itemsWord;
  for (let left = words[start + itemCountWord]!; left > 0; left--) {
    // A length may be more than a signed word holds: up to that of a module's memory.
    const [byteLength, segment] = [words[at]! >>> 0, words[at + 1]!];
    const first = 4 * (at + itemHeaderWords);
    items.push({
      bytes: bytes.subarray(first, first + (segment === 0 ? byteLength : 0)),
      byteLength,
      segment,
    });
    at = nextItem(at, byteLength, segment);
  }
  return items;
}

/** The number that is the slot's only item; undefined when that is anything else. */
export function readNumber({ words, floats }: Shared, slot: number): number | undefined {
  const start = slotAt(slot);
  const at = start + itemsWord;
  if (words[start + itemCountWord] !== 1) return undefined;
  return numberAt(words, floats, at);
}

/** The number in the item at this word; undefined when it is anything else. */
export function numberAt(words: Int32Array, floats: Float64Array, at: number): number | undefined {
  if (words[at] !== numberBytes || words[at + 1] !== 0 || words[at + 2] !== numberTag) return undefined;
  return floats[(at + itemHeaderWords + 2) / 2];
}

/** What an item takes in a slot with an encoded value of so many bytes. */
export const itemBytes = (byteLength: number) => 4 * itemHeaderWords + 8 * Math.ceil(byteLength / 8);

/** What the items of a call may take together, beside its seed: that is a string of at most 256 characters. */
export const argumentBytes = 4 * (slotWords - itemsWord) - itemBytes(8 + 2 * 256);

/** How many words an item takes that holds a number. */
export const numberItemWords = itemHeaderWords + numberBytes / 4;
/** The same in bytes. */
export const numberItemBytes = 4 * numberItemWords;
/** What an item takes whose value lies in a segment. */
export const segmentItemBytes = itemBytes(0);

/** Items begin at even words, so that what is encoded is aligned. */
const nextItem = (at: number, byteLength: number, segment: number) =>
  at + itemHeaderWords + (segment === 0 ? 2 * Math.ceil(byteLength / 8) : 0);
