import type { Delta } from "../../scheduler/actors/delta.ts";

// The states of an actor are compared by what they say of each page of memory, not by where they say it: where a block has
// changed for the first time, all that follows is further on than it was. See `worker/actor-state.ts` for what a state is.

const pageBytes = 4_096;
const partHeaderBytes = 8;
/** A delta that has more than this part of the state saves too little to make it worth while. */
const mostPart = 0.5;
const runBytes = 3 * 8;

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
  const [from, to] = [bufferOf(before), bufferOf(after)];
  const runs: number[] = [];
  const news: Uint8Array[] = [head];
  let leftBytes = mostPart * after.byteLength;
  let newBytes = head.byteLength;
  /** Where new bytes begin that are not among the news yet, and where the run ends in the state before. */
  let [newAt, runEnd] = [0, -1];
  for (let nth = 0, other = 0; nth < pages.numbers.length; nth++) {
    const [number, start, end] = [pages.numbers[nth]!, pages.starts[nth]!, pages.starts[nth + 1]!];
    while (other < known.numbers.length && known.numbers[other]! < number) other++;
    const [at, atEnd] = [known.starts[other]!, known.starts[other + 1]!];
    const isSame =
      known.numbers[other] === number &&
      atEnd - at === end - start &&
      from.compare(to, start, end, at, atEnd) === 0;
    if (!isSame) {
      leftBytes -= end - start;
    } else if (newAt === start && at === runEnd) {
      runs[runs.length - 1]! += end - start;
    } else {
      leftBytes -= runBytes;
      runs.push(newBytes + start - newAt, head.byteLength + at, end - start);
      news.push(after.subarray(newAt, start));
      newBytes = 0;
    }
    if (leftBytes < 0) return undefined;
    if (isSame) [newAt, runEnd] = [end, atEnd];
  }
  news.push(after.subarray(newAt));
  return { runs: Float64Array.from(runs), bytes: joined(news) };
}

function pagesOf(state: Uint8Array): Pages {
  const view = new DataView(state.buffer, state.byteOffset, state.byteLength);
  const [numbers, starts] = [[-1], [0]];
  for (let offset = 8 + 8 * view.getUint32(4, true); offset < state.byteLength; ) {
    const [start, length] = [view.getUint32(offset, true), view.getUint32(offset + 4, true)];
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
