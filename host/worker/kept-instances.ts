import { collectGarbage } from "./collect-garbage.ts";
import type { Instance } from "./instance.ts";

/** How many a worker keeps: with the most workers that a host has, they stay below the 13,000 memories of a process. */
const mostInstances = 32;
/** How much memory they may have together, and those that are dropped until garbage is collected. */
const mostBytes = 64 * 1024 * 1024;

/** The instances of a worker that wait for another task, of all its modules. Those used last are kept. */
export class KeptInstances {
  /** The one used last. Mostly it is the next as well, so it is not put among the others until another takes its place. */
  #last: Instance | undefined;
  /** The others; the one used last comes last. */
  readonly #others = new Map<string, Instance>();
  #bytes = 0;
  #droppedBytes = 0;

  take(key: string): Instance | undefined {
    const last = this.#last;
    if (last !== undefined && last.key === key) {
      this.#last = undefined;
      this.#bytes -= last.memoryBytes;
      return last;
    }
    const instance = this.#others.get(key);
    if (instance !== undefined) this.#remove(instance);
    return instance;
  }

  /** Keeps an instance that has been put back, unless it is too large. */
  keep(instance: Instance): void {
    if (instance.memoryBytes > mostBytes) {
      this.drop(instance);
      return;
    }
    const last = this.#last;
    this.#last = instance;
    this.#bytes += instance.memoryBytes;
    if (last === undefined && this.#bytes <= mostBytes) return;
    if (last !== undefined) this.#others.set(last.key, last);
    for (const oldest of this.#others.values()) {
      if (this.#others.size < mostInstances && this.#bytes <= mostBytes) return;
      this.#remove(oldest);
      this.drop(oldest);
    }
  }

  /** No task may have this one again. */
  drop(instance: Instance): void {
    this.#droppedBytes += instance.runtime.memory?.buffer.byteLength ?? 0;
  }

  /** Gives back the memory of those that were dropped, when it is much: a worker that waits for calls never would. */
  collect(): void {
    if (this.#droppedBytes <= mostBytes) return;
    this.#droppedBytes = 0;
    collectGarbage();
  }

  #remove(instance: Instance): void {
    this.#others.delete(instance.key);
    this.#bytes -= instance.memoryBytes;
  }
}
