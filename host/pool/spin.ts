/** How long to look for a completion before the event loop is to bring it, in ms: about what it costs to be woken. */
const patienceMs = 0.05;
/** The event loop is kept from anything else for so long at most, in ms. */
const mostMs = 1;
/** To look at the clock costs more than to look for completions. */
const looksPerTime = 16;
/** So many times in a row it is left out at most after it was in vain. */
const mostSkips = 64;

export type SpinDeps = {
  /** Takes in what was completed; true when anything was. */
  poll(): boolean;
  nowMs(): number;
};

/**
 * Looks for completions for a while, because to sleep and be woken takes longer than most tasks. When that was in vain,
 * tasks are long, and it is left out the next times: once, then twice as often each time.
 */
export class Spin {
  readonly #deps: SpinDeps;
  #skipsLeft = 0;
  #nextSkips = 1;

  constructor(deps: SpinDeps) {
    this.#deps = deps;
  }

  /**
   * Returns when it is over, or not worth to look on, or when the event loop is to have its turn.
   * @returns whether more is to be expected soon
   */
  until(isOver: () => boolean): boolean {
    if (this.#skipsLeft > 0) {
      this.#skipsLeft--;
      return false;
    }
    const { poll, nowMs } = this.#deps;
    const startMs = nowMs();
    let untilMs = startMs + patienceMs;
    for (let looks = 1; ; looks++) {
      const hasAny = poll();
      if (isOver()) {
        this.#nextSkips = 1;
        return false;
      }
      if (!hasAny && looks % looksPerTime > 0) continue;
      const now = nowMs();
      if (hasAny) untilMs = now + patienceMs;
      if (now > untilMs) break;
      if (now > startMs + mostMs) return true;
    }
    this.#skipsLeft = this.#nextSkips;
    this.#nextSkips = Math.min(mostSkips, 2 * this.#nextSkips);
    return false;
  }
}
