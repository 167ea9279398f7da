/**
 * A bucket of tokens, which fills at a steady rate: each piece of work takes some. It has no clock of its own, but is told
 * the time with each call, so the same calls have the same answers.
 */
@actor
export class RateLimiter {
  private tokens: f64;
  private filledMs: f64 = -Infinity;

  /**
   * @param perSecond how many tokens come in a second
   * @param burst how many there may be at most, as there are in the beginning
   */
  constructor(
    private perSecond: f64,
    private burst: f64 = 1,
  ) {
    if (!(perSecond > 0 && burst > 0)) throw new RangeError("a rate and a burst are above 0");
    this.tokens = burst;
  }

  /**
   * Takes tokens if there are so many.
   * @param nowMs the time, of any clock; a time before that of another call counts as that
   * @returns 0 when they are taken; else in how many ms there will be enough, and none is taken
   */
  tryTake(nowMs: f64, tokens: f64 = 1): f64 {
    if (!isFinite(nowMs)) throw new RangeError(`it is never ${nowMs} ms`);
    if (!(tokens > 0 && tokens <= this.burst))
      throw new RangeError(`tokens are above 0 and up to ${this.burst}, not ${tokens}`);
    if (nowMs > this.filledMs) {
      this.tokens = min(this.burst, this.tokens + ((nowMs - this.filledMs) * this.perSecond) / 1_000);
      this.filledMs = nowMs;
    }
    if (this.tokens < tokens) return ((tokens - this.tokens) * 1_000) / this.perSecond;
    this.tokens -= tokens;
    return 0;
  }
}
