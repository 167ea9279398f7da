import type { Delta } from "../../scheduler/actors/delta.ts";

// The states of an actor are compared by what they say of each page of memory, not by where they say it: where a block has
// changed for the first time, all that follows is further on than it was. See `worker/actor-state.ts` for what a state is.

const pageBytes = 4_096;
const partHeaderBytes = 8;
/** A delta that has more than this part of the state saves too little to make it worth while. */
const mostPart = 0.5;
/** Less of a page is told anew rather than taken: to say where it is takes three numbers. */
const leastRunBytes = 64;

/** What a state says of pages of memory, in their order: the first is no page, but what comes before all of them. */
type Pages = {
  numbers: number[];
  /** Where each of them begins in the state, and where the last one ends. */
  starts: number[];
};

/**
 * How a state comes of one before.
 * @param head what comes before the state in its checkpoint, and is as long before each
 * @returns undefined when most of it has changed
 */
export function diff(
  before: Uint8Array,
  after: Uint8Array,
  head: Uint8Array,
): Omit<Delta, "base"> | undefined {
  const [known, pages] = [pagesOf(before), pagesOf(after)];
  const [former, latter] = [bufferOf(before), bufferOf(after)];
  const runs = new Runs(after, head);
  const mostBytes = mostPart * after.byteLength;
  for (let nth = 0, other = 0; nth < pages.numbers.length; nth++) {
    const [number, start, end] = [pages.numbers[nth]!, pages.starts[nth]!, pages.starts[nth + 1]!];
    while (other < known.numbers.length && known.numbers[other]! < number) other++;
    if (known.numbers[other] !== number) continue;
    const [from, fromEnd] = [known.starts[other]!, known.starts[other + 1]!];
    if (fromEnd - from === end - start && former.compare(latter, start, end, from, fromEnd) === 0) {
      runs.add(start, from, end - start);
    } else {
      const most = Math.min(end - start, fromEnd - from);
      let [first, last] = [0, 0];
      while (first < most && former[from + first] === latter[start + first]) first++;
      while (first + last < most && former[fromEnd - last - 1] === latter[end - last - 1]) last++;
      if (first >= leastRunBytes) runs.add(start, from, first);
      if (last >= leastRunBytes) runs.add(end - last, fromEnd - last, last);
    }
    if (runs.bytesUpTo(end) > mostBytes) return undefined;
  }
  return runs.bytesUpTo(after.byteLength) > mostBytes ? undefined : runs.finish();
}

/** What is taken of the state before, and what is new between. */
class Runs {
  readonly #after: Uint8Array;
  readonly #headBytes: number;
  readonly #runs: number[] = [];
  readonly #news: Uint8Array[];
  /** New bytes that no run has told of. */
  #untold: number;
  #newBytes = 0;
  /** Where the last run ends in the state, and where in the one before. */
  #end = 0;
  #formerEnd = -1;

  constructor(after: Uint8Array, head: Uint8Array) {
    this.#after = after;
    this.#headBytes = head.byteLength;
    this.#untold = head.byteLength;
    this.#news = [head];
  }

  /** From here on, the state has so many bytes of the one before, from there on. */
  add(start: number, from: number, count: number): void {
    if (start === this.#end && from === this.#formerEnd) {
      this.#runs[this.#runs.length - 1]! += count;
    } else {
      const newBytes = start - this.#end;
      this.#runs.push(this.#untold + newBytes, this.#headBytes + from, count);
      this.#news.push(this.#after.subarray(this.#end, start));
      this.#newBytes += newBytes;
      this.#untold = 0;
    }
    this.#end = start + count;
    this.#formerEnd = from + count;
  }

  /** About what it takes to tell of the state as far as this. */
  bytesUpTo(end: number): number {
    return this.#newBytes + end - this.#end + 8 * this.#runs.length;
  }

  finish(): Omit<Delta, "base"> {
    this.#news.push(this.#after.subarray(this.#end));
    return { runs: Float64Array.from(this.#runs), bytes: joined(this.#news) };
  }
}

/** Of what is no state, as a client may have said that an actor is, something that harms nobody. */
function pagesOf(state: Uint8Array): Pages {
  const view = new DataView(state.buffer, state.byteOffset, state.byteLength);
  const [numbers, starts] = [[-1], [0]];
  for (let offset = 8 + 8 * view.getUint32(4, true); offset + partHeaderBytes <= state.byteLength; ) {
    const start = view.getUint32(offset, true);
    const leftBytes = state.byteLength - offset - partHeaderBytes;
    const length = Math.min(view.getUint32(offset + 4, true), leftBytes);
    let number = Math.floor(start / pageBytes);
    // Where a part begins is told with the page that it begins in, of which there may be others.
    if (numbers[numbers.length - 1] !== number) {
      numbers.push(number);
      starts.push(offset);
    }
    offset += partHeaderBytes;
    for (number++; number * pageBytes < start + length; number++) {
      numbers.push(number);
      starts.push(offset + number * pageBytes - start);
    }
    offset += length;
  }
  starts.push(state.byteLength);
  return { numbers, starts };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
