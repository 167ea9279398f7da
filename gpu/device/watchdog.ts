/** What was given to the device at once. */
export type Watched<T> = { batch: T; sentMs: number; limitMs: number };

/**
 * Tells when a device hangs: it does one batch after the other, so the time of each begins when the one before has ended.
 * Times are those of the caller's clock.
 */
export class Watchdog<T> {
  readonly #waiting = new Map<number, Watched<T>>();
  #idleSinceMs = 0;

  sent(id: number, batch: T, limitMs: number, nowMs: number): void {
    this.#waiting.set(id, { batch, sentMs: nowMs, limitMs });
  }

  /** Those before it have ended, too. Returns it, unless it is unknown. */
  done(id: number, nowMs: number): T | undefined {
    const watched = this.#waiting.get(id);
    this.#waiting.delete(id);
    this.#idleSinceMs = nowMs;
    return watched?.batch;
  }

  /** When the batch that runs is past its limit; undefined when none runs. */
  get due(): { batch: T; startMs: number; dueMs: number } | undefined {
    for (const { batch, sentMs, limitMs } of this.#waiting.values()) {
      const startMs = Math.max(sentMs, this.#idleSinceMs);
      return { batch, startMs, dueMs: startMs + limitMs };
    }
    return undefined;
  }

  /** Forgets all, and returns them in order. */
  clear(): T[] {
    const batches = [...this.#waiting.values()].map(({ batch }) => batch);
    this.#waiting.clear();
    return batches;
  }
}
