/** What is to happen, in the order of its times; at one time, in the order in which it was told. */
export class Events {
  nowMs = 0;
  /** A heap: each is due no later than the two behind it. */
  readonly #heap: { dueMs: number; order: number; action: () => void }[] = [];
  #count = 0;

  after(ms: number, action: () => void): void {
    const event = { dueMs: this.nowMs + ms, order: this.#count++, action };
    let index = this.#heap.push(event) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (!isBefore(event, this.#heap[above]!)) break;
      this.#heap[index] = this.#heap[above]!;
      index = above;
    }
    this.#heap[index] = event;
  }

  /** Lets all happen that is due by then. Returns how much that was. */
  runUntil(endMs: number): number {
    let count = 0;
    while (this.#heap.length > 0 && this.#heap[0]!.dueMs <= endMs) {
      const { dueMs, action } = this.#pop();
      this.nowMs = dueMs;
      count++;
      action();
    }
    this.nowMs = endMs;
    return count;
  }

  /** What happens next, if it is due by then; else that is the time now. */
  take(endMs: number): (() => void) | undefined {
    if (this.#heap.length === 0 || this.#heap[0]!.dueMs > endMs) {
      this.nowMs = endMs;
      return undefined;
    }
    const { dueMs, action } = this.#pop();
    this.nowMs = dueMs;
    return action;
  }

  /** Lets things happen as long as `goesOn` says so, and there are any. */
  runWhile(goesOn: () => boolean): void {
    while (this.#heap.length > 0 && goesOn()) {
      const { dueMs, action } = this.#pop();
      this.nowMs = dueMs;
      action();
    }
  }

  #pop() {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
      if (!isBefore(heap[below]!, last)) break;
      heap[index] = heap[below]!;
      index = below;
    }
    heap[index] = last;
    return first;
  }
}

type Due = { dueMs: number; order: number };

const isBefore = (one: Due, other: Due) =>
  one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order);
