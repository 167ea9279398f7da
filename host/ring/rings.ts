import { entriesOffset, headOffset, slotCount, tailOffset } from "./layout.ts";

// Rings of slot numbers in shared memory. Each has room for every slot, so none can be full. Heads and tails count on
// and wrap around as 32-bit integers do; their difference is the length.

const mask = slotCount - 1;

/**
 * Calls for one worker. The host alone pushes; the worker, others that have nothing to do, and the host itself take, so
 * each entry is read before it is claimed: whoever moves the head has got what it read, since nothing is written over
 * an entry while the head is before it. Source: the steal of D. Chase and Y. Lev, "Dynamic Circular Work-Stealing
 * Deque", 2005, for every taker.
 */
export class Submissions {
  readonly #words: Int32Array;
  readonly #head: number;
  readonly #tail: number;
  readonly #entries: number;

  /** @param at where the ring begins, in words */
  constructor(words: Int32Array, at: number) {
    this.#words = words;
    this.#head = at + headOffset;
    this.#tail = at + tailOffset;
    this.#entries = at + entriesOffset;
  }

  push(slot: number): void {
    const tail = this.#words[this.#tail]!; // No one else writes it.
    this.#words[this.#entries + (tail & mask)] = slot;
    Atomics.store(this.#words, this.#tail, (tail + 1) | 0);
  }

  /**
   * Takes the oldest one; -1 when there is none.
   * @param announceAt the word of the taker that says what it takes, 1 more than the slot, before it does: so nothing is
   * lost with a thread that ends at any time
   */
  take(announceAt?: number): number {
    const words = this.#words;
    let head = Atomics.load(words, this.#head);
    let isAnnounced = false;
    while (head !== Atomics.load(words, this.#tail)) {
      const slot = words[this.#entries + (head & mask)]!;
      if (announceAt !== undefined) Atomics.store(words, announceAt, slot + 1);
      isAnnounced = true;
      const found = Atomics.compareExchange(words, this.#head, head, (head + 1) | 0);
      if (found === head) return slot;
      head = found;
    }
    if (isAnnounced && announceAt !== undefined) Atomics.store(words, announceAt, 0);
    return -1;
  }

  /** Whether a slot is in it now. */
  has(slot: number): boolean {
    const tail = Atomics.load(this.#words, this.#tail);
    for (let at = Atomics.load(this.#words, this.#head); at !== tail; at = (at + 1) | 0) {
      if (this.#words[this.#entries + (at & mask)] === slot) return true;
    }
    return false;
  }

  /** How many are in it; to others than the host it may seem more, since it may change between two looks, but never fewer. */
  get length(): number {
    const head = Atomics.load(this.#words, this.#head);
    return (Atomics.load(this.#words, this.#tail) - head) | 0;
  }
}

/** Calls that one worker has done. The worker alone pushes, the host alone takes. */
export class Completions {
  readonly #words: Int32Array;
  readonly #head: number;
  readonly #tail: number;
  readonly #entries: number;

  /** @param at where the ring begins, in words */
  constructor(words: Int32Array, at: number) {
    this.#words = words;
    this.#head = at + headOffset;
    this.#tail = at + tailOffset;
    this.#entries = at + entriesOffset;
  }

  push(slot: number): void {
    const tail = this.#words[this.#tail]!;
    this.#words[this.#entries + (tail & mask)] = slot;
    Atomics.store(this.#words, this.#tail, (tail + 1) | 0);
  }

  /** Takes the oldest one; -1 when there is none. */
  take(): number {
    const head = this.#words[this.#head]!;
    if (head === Atomics.load(this.#words, this.#tail)) return -1;
    this.#words[this.#head] = (head + 1) | 0;
    return this.#words[this.#entries + (head & mask)]!;
  }

  /** How many are in it now, for the host to take. */
  get length(): number {
    return (Atomics.load(this.#words, this.#tail) - this.#words[this.#head]!) | 0;
  }
}
