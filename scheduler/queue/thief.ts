/** A host with free cpus says so at most every so often at first, and then the more rarely the longer nobody has work. */
const shortestWaitMs = 0.5;
const longestWaitMs = 1_000;
const leastFree = 2;

export type ThiefDeps = {
  /** Others that might have work. */
  victims(): readonly string[];
  /** Gives numbers from 0 to below 1. */
  random(): number;
};

/**
 * Decides when a host that has free cpus asks another one for work, and which. It asks one at random, and the less
 * often the longer nothing comes. Nobody answers: either tasks come, or whoever was asked sends its next ones.
 * Sources: R. Blumofe, C. Leiserson, "Scheduling Multithreaded Computations by Work Stealing", 1999; Y. Lu et al.,
 * "Join-Idle-Queue", 2011.
 */
export class Thief {
  readonly #deps: ThiefDeps;
  #waitMs = shortestWaitMs;
  #nextMs = 0;

  constructor(deps: ThiefDeps) {
    this.#deps = deps;
  }

  /** Whom to ask now, if anybody, as a host with so many cpus of which so many are free. */
  victim(free: number, cpus: number, nowMs: number): string | undefined {
    // A single one is soon taken by what comes anyway.
    if (free < Math.min(leastFree, cpus) || nowMs < this.#nextMs) return undefined;
    const { victims, random } = this.#deps;
    const all = victims();
    // At different times, as hosts that have become idle together would otherwise ask together.
    this.#nextMs = nowMs + this.#waitMs * (0.5 + random());
    this.#waitMs = Math.min(this.#waitMs * 2, longestWaitMs);
    return all[Math.floor(random() * all.length)];
  }

  /** When it may ask next. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** There is work again. */
  worked(): void {
    this.#waitMs = shortestWaitMs;
  }
}
