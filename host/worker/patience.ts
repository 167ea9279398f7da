/** How long a worker without work looks for more before it sleeps, in ms: about what it costs to wake it. */
const leastMs = 0.05;
/** The same after work has come so soon: who awaits each call over a network makes the next one within about this time. */
const mostMs = 0.25;
/** To look at the clock costs more than to look for work. */
const looksPerTime = 16;
/** Between two looks at the clock passes so much only when another thread had the cpu, which does not need more of them. */
const awayMs = 0.02;
/** So many times it does not look on for long after that. */
const skips = 256;

/** How long to spin. */
export class Patience {
  #looks = 0;
  #sinceMs = 0;
  #lookedMs = 0;
  #spinMs = leastMs;
  #skipsLeft = 0;

  /** There was something to do. */
  begin(): void {
    this.#looks = 0;
  }

  /** The worker was woken: had it looked on, would it have found that before long? */
  woken(): void {
    this.begin();
    if (this.#skipsLeft > 0) this.#skipsLeft--;
    else this.#spinMs = performance.now() - this.#sinceMs < mostMs ? mostMs : leastMs;
  }

  isOver(): boolean {
    if (this.#looks++ % looksPerTime > 0) return false;
    const nowMs = performance.now();
    if (this.#looks === 1) {
      this.#sinceMs = nowMs;
    } else if (nowMs - this.#lookedMs > awayMs) {
      this.#spinMs = leastMs;
      this.#skipsLeft = skips;
    }
    this.#lookedMs = nowMs;
    return nowMs > this.#sinceMs + this.#spinMs;
  }
}
