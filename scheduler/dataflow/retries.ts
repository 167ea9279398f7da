import { TaskCancelledError } from "../protocol/errors.ts";

/** The codes of the errors after which a task is tried anew; "all" for each that a kernel can come to. */
export type RetryErrors = "all" | readonly string[];

const cancelled = new TaskCancelledError("").code;

/** Whether a task is tried anew after an error of its own: never after it was cancelled. */
export const isRetried = (retryErrors: RetryErrors | undefined, code: string): boolean =>
  retryErrors !== undefined && code !== cancelled && (retryErrors === "all" || retryErrors.includes(code));

/** The seed of another attempt at a task that has failed: with the same random numbers it would fail again. */
export const attemptSeed = (seed: string, attempt: number): string => `${seed}~${attempt}`;

/** How long a task waits before it is tried again the first time, and the longest that it waits, in ms. */
const [firstMs, longestMs] = [50, 5_000];

/**
 * How long a task waits before it is tried for the `count`th time again, in ms: twice as long each time, and not
 * all at the same moment ("equal jitter" of M. Brooker, "Exponential Backoff And Jitter", 2015).
 * @param random from 0 to below 1
 */
export function backoffMs(count: number, random: number): number {
  const mostMs = Math.min(firstMs * 2 ** (count - 1), longestMs);
  return (mostMs * (1 + random)) / 2;
}

export type RetriesDeps<T> = {
  /** Gives numbers from 0 to below 1. */
  random(): number;
  /** A task has waited for long enough. */
  due(task: T): void;
};

/** Tasks that are tried again after a while. */
export class Retries<T> {
  readonly #deps: RetriesDeps<T>;
  readonly #waiting = new Map<T, number>();

  constructor(deps: RetriesDeps<T>) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** @param count how often it has been tried again, with this time */
  add(task: T, count: number, nowMs: number): void {
    this.#waiting.set(task, nowMs + backoffMs(count, this.#deps.random()));
  }

  /** To be called now and then. */
  tick(nowMs: number): void {
    for (const [task, dueMs] of this.#waiting) {
      if (dueMs > nowMs) continue;
      this.#waiting.delete(task);
      this.#deps.due(task);
    }
  }
}
