/** How long a host without work waits after a victim had nothing: at first so long, then twice as long each time. */
const shortestWaitMs = 0.5;
const longestWaitMs = 100;

export type ThiefDeps = {
  /** Others that might have work. */
  victims(): readonly string[];
  /** Gives numbers from 0 to below 1. */
  random(): number;
};

/**
 * Decides when a host that has nothing to do asks another one for work, and which. It asks one at a time, at random,
 * and the less often the longer nobody has any.
 * Source: R. Blumofe, C. Leiserson, "Scheduling Multithreaded Computations by Work Stealing", 1999.
 */
export class Thief {
  readonly #deps: ThiefDeps;
  #waitMs = shortestWaitMs;
  #nextMs = 0;
  #isAsking = false;

  constructor(deps: ThiefDeps) {
    this.#deps = deps;
  }

  /** Whom to ask now, if anybody; `answered` is to be called with what came of it. */
  victim(nowMs: number): string | undefined {
    if (this.#isAsking || nowMs < this.#nextMs) return undefined;
    const { victims, random } = this.#deps;
    const all = victims();
    if (all.length === 0) return undefined;
    this.#isAsking = true;
    return all[Math.floor(random() * all.length)];
  }

  /** A victim has given so many tasks, or did not answer. */
  answered(count: number, nowMs: number): void {
    this.#isAsking = false;
    this.#waitMs = count > 0 ? shortestWaitMs : Math.min(this.#waitMs * 2, longestWaitMs);
    // At different times, as hosts that have become idle together would otherwise ask together.
    this.#nextMs = nowMs + this.#waitMs * (0.5 + this.#deps.random());
  }

  /** When it wants to ask next. */
  get nextMs(): number {
    return this.#isAsking ? Number.POSITIVE_INFINITY : this.#nextMs;
  }

  /** There was work: whoever has some is near, so the next one is asked soon. */
  worked(): void {
    this.#waitMs = shortestWaitMs;
  }
}
