/** How far a task that yields is ahead of who takes: it waits when that is too far. */
export class EmitWindow {
  readonly #maxUnread: number;
  #takenCount: number;
  #waiting: { emittedCount: number; goOn: (takenCount: number) => void } | undefined;

  /** @param takenCount of the items that the task yielded when it ran before */
  constructor(maxUnread: number, takenCount = 0) {
    this.#maxUnread = maxUnread;
    this.#takenCount = takenCount;
  }

  /** The task waits until there is room after so many items; then, or now, it is told how many were taken. */
  wait(emittedCount: number, goOn: (takenCount: number) => void): void {
    this.#waiting = { emittedCount, goOn };
    this.#look();
  }

  /** So many items were taken. May be told late, and twice. */
  taken(count: number): void {
    if (count <= this.#takenCount) return;
    this.#takenCount = count;
    this.#look();
  }

  #look(): void {
    if (this.#waiting === undefined) return;
    const { emittedCount, goOn } = this.#waiting;
    if (emittedCount - this.#takenCount >= this.#maxUnread) return;
    this.#waiting = undefined;
    goOn(this.#takenCount);
  }
}
