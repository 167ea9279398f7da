/** A task that was started may have waited for so long behind others in line, in ms. */
const inLineMs = 2;

/**
 * Finds out how long tasks ran, of which it is known only when they were put in line for the cpus, and when they have
 * ended. Of short ones, that is the time since the one before has ended, for each cpu; they are right together rather
 * than one by one.
 */
export class RunMeter {
  #lastMs = 0;

  /**
   * How long a task ran that has ended now.
   * @param running how many have run at once
   */
  ended(startedMs: number, nowMs: number, running: number): number {
    const wholeMs = nowMs - startedMs;
    const sinceLastMs = nowMs - Math.max(startedMs, this.#lastMs);
    this.#lastMs = nowMs;
    return wholeMs > inLineMs ? wholeMs : Math.min(wholeMs, sinceLastMs * running);
  }
}
