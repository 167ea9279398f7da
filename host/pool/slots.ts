import type { ItemWriter } from "../ring/items.ts";
import { type Shared, slotAt, slotCount } from "../ring/layout.ts";
import {
  depthWord,
  numberWord,
  siteWord,
  slotState,
  stateWord,
  ticketWord,
  workerWord,
} from "../ring/slot.ts";
import type { Call } from "./call.ts";

/** The slots that a host shares with its workers, and whose they are. The one given back last is taken first. */
export class Slots {
  readonly #shared: Shared;
  readonly #calls: (Call | undefined)[] = new Array(slotCount).fill(undefined);
  readonly #free: Int32Array;
  #freeCount = slotCount;
  #ticket = 0;

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#free = Int32Array.from({ length: slotCount }, (_, index) => slotCount - 1 - index);
  }

  get hasFree(): boolean {
    return this.#freeCount > 0;
  }

  get usedCount(): number {
    return slotCount - this.#freeCount;
  }

  /** Puts a call into a free slot. When its arguments can't be written, that throws, and the slot stays free. */
  fill(call: Call, items: ItemWriter): number {
    const slot = this.#free[this.#freeCount - 1]!;
    const { words, floats } = this.#shared;
    const start = slotAt(slot);
    items.begin(slot);
    call.write(items);
    this.#freeCount--;
    // 0 is none.
    this.#ticket = this.#ticket === 0x7fff_ffff ? 1 : this.#ticket + 1;
    call.slot = slot;
    call.ticket = this.#ticket;
    this.#calls[slot] = call;
    words[start + siteWord] = call.site.index;
    words[start + ticketWord] = call.ticket;
    words[start + depthWord] = call.depth;
    floats[(start + numberWord) / 2] = call.number;
    words[start + stateWord] = slotState.queued;
    return slot;
  }

  call(slot: number): Call | undefined {
    return this.#calls[slot];
  }

  state(slot: number): number {
    return Atomics.load(this.#shared.words, slotAt(slot) + stateWord);
  }

  /** How long the call ran that has ended, where that is wanted. */
  ranMs(slot: number): number {
    return this.#shared.floats[(slotAt(slot) + numberWord) / 2]!;
  }

  /** Takes a call back that no worker has begun. False when one has. */
  cancel(slot: number): boolean {
    const { queued, cancelled } = slotState;
    return (
      Atomics.compareExchange(this.#shared.words, slotAt(slot) + stateWord, queued, cancelled) === queued
    );
  }

  /** Whether this worker has begun the call in a slot and not ended it. */
  isRunningOn(slot: number, worker: number): boolean {
    return this.state(slot) === slotState.running && this.#shared.words[slotAt(slot) + workerWord] === worker;
  }

  /** The call in a slot has it no more, but nobody else has it yet. */
  part(slot: number): void {
    const call = this.#calls[slot];
    if (call !== undefined) call.slot = -1;
    this.#calls[slot] = undefined;
  }

  giveBack(slot: number): void {
    this.part(slot);
    this.#shared.words[slotAt(slot) + stateWord] = slotState.free;
    this.#free[this.#freeCount++] = slot;
  }

  /** The calls that are in slots. */
  *used(): Iterable<Call> {
    for (const call of this.#calls) if (call !== undefined) yield call;
  }
}
