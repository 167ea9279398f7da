import type { Instance } from "./instance.ts";

/** How many a worker keeps: with the most workers that a host has, they stay below the 13,000 memories of a process. */
const mostInstances = 32;
/** How much memory they may have together. */
const mostBytes = 64 * 1024 * 1024;

/** The instances of a worker that wait for another task, of all its modules. Those used last are kept. */
export class KeptInstances {
  /** The one used last. Mostly it is the next as well, so it is not put among the others until another takes its place. */
  #last: Instance | undefined;
  /** The others; the one used last comes last. */
  readonly #others = new Map<string, Instance>();
  #bytes = 0;

  take(key: string): Instance | undefined {
    const last = this.#last;
    if (last !== undefined && last.key === key) {
      this.#last = undefined;
      this.#bytes -= last.memoryBytes;
      return last;
    }
    const instance = this.#others.get(key);
    if (instance !== undefined) this.#drop(instance);
    return instance;
  }

  /** Keeps an instance that has been put back, unless it is too large. */
  keep(instance: Instance): void {
    if (instance.memoryBytes > mostBytes) return;
    const last = this.#last;
    this.#last = instance;
    this.#bytes += instance.memoryBytes;
    if (last === undefined && this.#bytes <= mostBytes) return;
    if (last !== undefined) this.#others.set(last.key, last);
    for (const oldest of this.#others.values()) {
      if (this.#others.size < mostInstances && this.#bytes <= mostBytes) return;
      this.#drop(oldest);
    }
  }

  #drop(instance: Instance): void {
    this.#others.delete(instance.key);
    this.#bytes -= instance.memoryBytes;
  }
}
