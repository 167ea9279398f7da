import type { Entry } from "./object-table.ts";

/** How an object can be made again. */
export interface Origin {
  /** The objects that it is made of. */
  readonly refs: readonly string[];
  /** About what it takes to remember this. */
  readonly bytes: number;
}

/** Why an object that is lost can't be made again. */
export type LossReason =
  /** It was put, and so many copies as it had are gone. */
  | "put"
  /** The task that made it has been run again as often as it may. */
  | "retries"
  /** How it was made was forgotten, since there was too much to remember. */
  | "evicted"
  /** What it was made of is no task's result, and the program has let go of it. */
  | "freed";

/** The origins of a client's objects: what is to be known to make them again. The oldest are forgotten when they are too many. */
export class Lineage {
  readonly #maxBytes: number;
  readonly #entries = new Set<Entry>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(entry: Entry, origin: Origin): void {
    this.#entries.add(entry);
    this.#bytes += origin.bytes;
  }

  remove(entry: Entry, origin: Origin): void {
    if (this.#entries.delete(entry)) this.#bytes -= origin.bytes;
  }

  /** The oldest one, when there is more than may be remembered. */
  get excess(): Entry | undefined {
    if (this.#bytes <= this.#maxBytes) return undefined;
    return this.#entries.values().next().value;
  }
}
