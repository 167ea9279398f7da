/** Below this, what was taken out at the beginning is not worth being cleared away. */
const leastCleared = 1_024;

/** A queue with two ends, of which the first is taken from and put back to often. */
export class Deque<T> {
  #items: (T | undefined)[] = [];
  #start = 0;

  get size(): number {
    return this.#items.length - this.#start;
  }

  get first(): T | undefined {
    return this.#items[this.#start];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  unshift(item: T): void {
    if (this.#start > 0) this.#items[--this.#start] = item;
    else this.#items.unshift(item);
  }

  shift(): T | undefined {
    const item = this.#items[this.#start];
    if (this.size === 0) return undefined;
    this.#items[this.#start++] = undefined;
    if (this.#start > leastCleared && this.#start * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#start);
      this.#start = 0;
    }
    return item;
  }

  /** Takes out up to so many from the end, of those that `accept` takes. */
  takeLast(count: number, accept: (item: T) => boolean): T[] {
    const taken: T[] = [];
    const kept: T[] = [];
    while (this.size > 0 && taken.length < count) {
      const item = this.#items.pop() as T;
      if (accept(item)) taken.push(item);
      else kept.push(item);
    }
    for (const item of kept.reverse()) this.#items.push(item);
    return taken;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let index = this.#start; index < this.#items.length; index++) yield this.#items[index] as T;
  }
}
