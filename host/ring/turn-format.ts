import type { Encoded } from "../../scheduler/protocol/value.ts";
import { numberBytes, tag } from "../../scheduler/protocol/value-format.ts";

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
const leastBytes = 16 * 1024;
const mostKeptBytes = 1024 * 1024;

const padded = (byteLength: number) => Math.ceil(byteLength / 8) * 8;

/** What came of a turn. */
export type TurnEnd =
  /** The results of the first calls, numbers or encoded, and the state after them, unless it is the same. */
  | { kind: "ran"; results: Encoded[]; state: Uint8Array | undefined }
  /** So many calls were well, and the next one fails. */
  | { kind: "fails"; after: number };

/** Puts together what came of a turn, one after the other. */
export class TurnWriter {
  #bytes = new Uint8Array(leastBytes);
  #view = new DataView(this.#bytes.buffer);
  #at = headBytes;
  #count = 0;

  /** How many results there are. */
  get count(): number {
    return this.#count;
  }

  begin(): void {
    this.#at = headBytes;
    this.#count = 0;
  }

  /** The next call has come to this encoded value. */
  value(encoded: Uint8Array): void {
    this.#reserve(8 + encoded.byteLength);
    this.#view.setUint32(this.#at, encoded.byteLength, true);
    this.#bytes.set(encoded, this.#at + 8);
    this.#at += 8 + padded(encoded.byteLength);
    this.#count++;
  }

  /** The same for a number. */
  number(value: number): void {
    this.#reserve(8 + numberBytes);
    const view = this.#view;
    view.setUint32(this.#at, numberBytes, true);
    view.setUint32(this.#at + 8, tag.number, true);
    view.setUint32(this.#at + 12, 0, true);
    view.setFloat64(this.#at + 16, value, true);
    this.#at += 8 + numberBytes;
    this.#count++;
  }

  /** The next call fails, and nothing of the turn counts. The bytes are good until the next turn. */
  failed(): Uint8Array {
    return this.#finish(undefined, true);
  }

  /**
   * The bytes are good until the next turn.
   * @param state the one after the turn, unless it is the same
   */
  finish(state: Uint8Array | undefined): Uint8Array {
    return this.#finish(state, false);
  }

  #finish(state: Uint8Array | undefined, isFailed: boolean): Uint8Array {
    const stateBytes = state?.byteLength ?? 0;
    this.#reserve(stateBytes);
    if (state !== undefined) this.#bytes.set(state, this.#at);
    const view = this.#view;
    view.setUint32(0, mark, true);
    view.setUint32(4, this.#count, true);
    view.setUint32(8, stateBytes, true);
    view.setUint32(12, Number(isFailed), true);
    const bytes = this.#bytes.subarray(0, this.#at + padded(stateBytes));
    // A large one is not kept for those that come.
    if (this.#bytes.byteLength > mostKeptBytes) {
      this.#bytes = new Uint8Array(leastBytes);
      this.#view = new DataView(this.#bytes.buffer);
    }
    return bytes;
  }

  #reserve(byteLength: number): void {
    const needed = this.#at + padded(byteLength);
    if (needed <= this.#bytes.byteLength) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.byteLength));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** What `TurnWriter` has put together, as views of its bytes. */
export function readTurn(bytes: Uint8Array): TurnEnd {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(4, true);
  if (view.getUint32(12, true) === 1) return { kind: "fails", after: count };
  const stateBytes = view.getUint32(8, true);
  const results: Encoded[] = [];
  let at = headBytes;
  for (let left = count; left > 0; left--) {
    const byteLength = view.getUint32(at, true);
    const isNumber = byteLength === numberBytes && view.getUint32(at + 8, true) === tag.number;
    results.push(isNumber ? view.getFloat64(at + 16, true) : bytes.subarray(at + 8, at + 8 + byteLength));
    at += 8 + padded(byteLength);
  }
  return { kind: "ran", results, state: stateBytes > 0 ? bytes.subarray(at, at + stateBytes) : undefined };
}
