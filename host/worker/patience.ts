/** How long a worker without work looks for more before it sleeps, in ms: about what it costs to wake it. */
const spinMs = 0.05;
/** To look at the clock costs more than to look for work. */
const looksPerTime = 16;

/** How long to spin. */
export class Patience {
  #looks = 0;
  #untilMs = 0;

  /** There was something to do. */
  begin(): void {
    this.#looks = 0;
  }

  isOver(): boolean {
    if (this.#looks++ % looksPerTime > 0) return false;
    const nowMs = performance.now();
    if (this.#looks === 1) this.#untilMs = nowMs + spinMs;
    return nowMs > this.#untilMs;
  }
}
