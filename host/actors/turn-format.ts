// What comes of a turn, in 32-bit words; everything begins at an even one:
//
//     0    a mark, so that it is no number to whoever takes results
//     1    how many calls were run
//     2    bytes of the state after them
//     3    1 when the call after them fails, and nothing of this turn counts
//     4-   for each call its bytes, an unused word, and its encoded result
//     then the state

const mark = 0x61637400;
const headBytes = 16;
const leastBytes = 256;

const padded = (byteLength: number) => Math.ceil(byteLength / 8) * 8;

/** What came of a turn. */
export type TurnEnd =
  /** The encoded results of the first calls, and the state after them, unless it is the same. */
  | { kind: "ran"; results: Uint8Array[]; state: Uint8Array | undefined }
  /** So many calls were well, and the next one fails. */
  | { kind: "fails"; after: number };

/** Puts together what came of a turn. */
export class TurnWriter {
  #bytes = new Uint8Array(leastBytes);
  #at = headBytes;
  #count = 0;
  #fails = false;

  /** How many results there are. */
  get count(): number {
    return this.#count;
  }

  /** The next call has come to this. */
  value(encoded: Uint8Array): void {
    const bytes = this.#room(8 + encoded.byteLength);
    new DataView(bytes.buffer).setUint32(this.#at, encoded.byteLength, true);
    bytes.set(encoded, this.#at + 8);
    this.#at += 8 + padded(encoded.byteLength);
    this.#count++;
  }

  /** The next call fails. */
  fails(after: number): void {
    this.#count = after;
    this.#fails = true;
  }

  /** @param state the one after the turn, unless it is the same */
  finish(state: Uint8Array | undefined): Uint8Array {
    const stateBytes = state?.byteLength ?? 0;
    const bytes = this.#room(stateBytes);
    if (state !== undefined) bytes.set(state, this.#at);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, mark, true);
    view.setUint32(4, this.#count, true);
    view.setUint32(8, stateBytes, true);
    view.setUint32(12, Number(this.#fails), true);
    return bytes.subarray(0, this.#at + padded(stateBytes));
  }

  #room(byteLength: number): Uint8Array {
    const needed = this.#at + padded(byteLength);
    if (needed > this.#bytes.byteLength) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.byteLength));
      larger.set(this.#bytes.subarray(0, this.#at));
      this.#bytes = larger;
    }
    return this.#bytes;
  }
}

/** What `TurnWriter` has put together, as views of its bytes. */
export function readTurn(bytes: Uint8Array): TurnEnd {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(4, true);
  if (view.getUint32(12, true) === 1) return { kind: "fails", after: count };
  const stateBytes = view.getUint32(8, true);
  const results: Uint8Array[] = [];
  let at = headBytes;
  for (let left = count; left > 0; left--) {
    const byteLength = view.getUint32(at, true);
    results.push(bytes.subarray(at + 8, at + 8 + byteLength));
    at += 8 + padded(byteLength);
  }
  return { kind: "ran", results, state: stateBytes > 0 ? bytes.subarray(at, at + stateBytes) : undefined };
}
