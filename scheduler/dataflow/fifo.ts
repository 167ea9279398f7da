/** What is behind is left in the list until there is so much of it. */
const mostBehind = 1_024;

/** A queue: what was put in first comes out first. */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #first = 0;

  push(item: T): void {
    this.#items.push(item);
  }

  get isEmpty(): boolean {
    return this.#first === this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[this.#first];
  }

  /** Takes out what `peek` has told. */
  shift(): void {
    this.#items[this.#first++] = undefined;
    if (this.#first < mostBehind || this.#first < this.#items.length / 2) return;
    this.#items = this.#items.slice(this.#first);
    this.#first = 0;
  }
}
