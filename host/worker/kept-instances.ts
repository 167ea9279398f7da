import type { Instance } from "./instance.ts";

/** How many a worker keeps: with the most workers that a host has, they stay below the 13,000 memories of a process. */
const mostInstances = 32;
/** How much memory they may have together. */
const mostBytes = 64 * 1024 * 1024;

/** The instances of a worker that wait for another task, of all its modules. Those used last are kept. */
export class KeptInstances {
  /** The one used last comes last. */
  readonly #instances = new Map<string, Instance>();
  #bytes = 0;

  take(key: string): Instance | undefined {
    const instance = this.#instances.get(key);
    if (instance !== undefined) this.#drop(instance);
    return instance;
  }

  /** Keeps an instance that has been put back. */
  keep(instance: Instance): void {
    this.#instances.set(instance.key, instance);
    this.#bytes += instance.memoryBytes;
    for (const oldest of this.#instances.values()) {
      if (this.#instances.size <= mostInstances && this.#bytes <= mostBytes) return;
      this.#drop(oldest);
    }
  }

  #drop(instance: Instance): void {
    this.#instances.delete(instance.key);
    this.#bytes -= instance.memoryBytes;
  }
}
