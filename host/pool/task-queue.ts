/**
 * What waits for a worker. Tasks that other tasks submitted come first, the deepest before all: so a tree of tasks is
 * walked depth first, and few tasks are begun and wait for others at once. Tasks of one depth keep their order.
 */
export class TaskQueue<T extends { depth: number }> {
  readonly #levels: T[][] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    while (this.#levels.length <= item.depth) this.#levels.push([]);
    this.#levels[item.depth]!.push(item);
    this.#length++;
  }

  /** Takes the next one out. */
  next(): T | undefined {
    while (this.#levels.length > 0) {
      const depth = this.#levels.length - 1;
      const item = this.#levels[depth]!.shift();
      if (item !== undefined) {
        this.#length--;
        return item;
      }
      this.#levels.pop();
    }
    return undefined;
  }

  /** Takes out all that `test` is true of. */
  remove(test: (item: T) => boolean): T[] {
    const removed: T[] = [];
    for (const [depth, level] of this.#levels.entries()) {
      this.#levels[depth] = level.filter((item) => !test(item) || !removed.push(item));
    }
    this.#length -= removed.length;
    return removed;
  }
}
