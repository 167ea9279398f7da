import { numberAt, numberItemWords } from "../ring/items.ts";
import { type Shared, slotAt } from "../ring/layout.ts";
import { itemCountWord, itemHeaderWords, itemsWord } from "../ring/slot.ts";
import type { NumberMethod } from "./number-method.ts";
import type { SiteCall } from "./site-call.ts";

/** How many arguments a call has at most, and what a call begins with is its method times one more than that, and these. */
export const mostArgs = 1_023;

/** A turn of an actor as it lies in a slot; see `ActorTurn`, which writes it. Nothing is made for a call with numbers only. */
export class TurnItems {
  readonly #shared: Shared;
  readonly #segment: (id: number) => Uint8Array;
  #at = 0;
  #leftCount = 0;
  /** Tells actors of this host from each other. */
  key = 0;
  /** Which state it begins with. */
  version = 0;
  /** How many calls have made the actor what it is. */
  firstCall = 0;
  /** Whether all calls leave the actor as it is. */
  isReadonly = false;
  /** Undefined when the first call makes the actor. */
  state: Uint8Array | undefined;
  /** Of the call that is to be read: its method, 0 for what makes the actor, and how many arguments it has. */
  method = 0;
  argCount = 0;

  constructor(shared: Shared, segment: (id: number) => Uint8Array) {
    this.#shared = shared;
    this.#segment = segment;
  }

  /** Reads all but the calls of a turn. */
  begin(slot: number, call: SiteCall): void {
    const start = slotAt(slot);
    this.#at = start + itemsWord;
    this.#leftCount = this.#shared.words[start + itemCountWord]!;
    this.key = this.#number();
    this.version = this.#number();
    this.firstCall = this.#number();
    this.isReadonly = this.#number() === 1;
    const seed = this.#item();
    call.seedIn(seed.byteOffset, seed.byteLength);
    const state = this.#item();
    this.state = state.byteLength > 0 ? state : undefined;
  }

  /** Goes to the next call. False when there is none. */
  next(): boolean {
    if (this.#leftCount === 0) return false;
    const head = this.#number();
    this.method = Math.floor(head / (mostArgs + 1));
    this.argCount = head % (mostArgs + 1);
    return true;
  }

  /** Reads the arguments, if they are numbers that fit; else nothing. */
  takeNumbers(into: number[], method: NumberMethod): boolean {
    const { words, floats } = this.#shared;
    let at = this.#at;
    for (let index = 0; index < this.argCount; index++, at += numberItemWords) {
      const value = numberAt(words, floats, at);
      if (value === undefined) return false;
      into[index] = value;
    }
    if (!method.takes(into, this.argCount)) return false;
    this.#at = at;
    this.#leftCount -= this.argCount;
    return true;
  }

  /** Reads the encoded arguments. */
  takeEncoded(): Uint8Array[] {
    return Array.from({ length: this.argCount }, () => this.#item());
  }

  #number(): number {
    const { words, floats } = this.#shared;
    const value = numberAt(words, floats, this.#at)!;
    this.#at += numberItemWords;
    this.#leftCount--;
    return value;
  }

  #item(): Uint8Array {
    const { words, bytes } = this.#shared;
    const [byteLength, segment] = [words[this.#at]! >>> 0, words[this.#at + 1]!];
    const first = 4 * (this.#at + itemHeaderWords);
    this.#at += itemHeaderWords + (segment === 0 ? 2 * Math.ceil(byteLength / 8) : 0);
    this.#leftCount--;
    return segment === 0
      ? bytes.subarray(first, first + byteLength)
      : this.#segment(segment).subarray(0, byteLength);
  }
}
