/** How long a worker without work looks for more before it sleeps, in ms: about what it costs to wake it. */
const leastMs = 0.05;
/** The same after work has come so soon: who awaits each call over a network makes the next one within about this time. */
const mostMs = 0.25;
/** To look at the clock costs more than to look for work. */
const looksPerTime = 16;

/** How long to spin. */
export class Patience {
  #looks = 0;
  #sinceMs = 0;
  #spinMs = leastMs;

  /** There was something to do. */
  begin(): void {
    this.#looks = 0;
  }

  /** The worker was woken: had it looked on, would it have found that before long? */
  woken(): void {
    this.#spinMs = performance.now() - this.#sinceMs < mostMs ? mostMs : leastMs;
    this.begin();
  }

  isOver(): boolean {
    if (this.#looks++ % looksPerTime > 0) return false;
    const nowMs = performance.now();
    if (this.#looks === 1) this.#sinceMs = nowMs;
    return nowMs > this.#sinceMs + this.#spinMs;
  }
}
