import { ShutdownError, TaskCancelledError } from "../protocol/errors.ts";
import { Deque } from "../queue/deque.ts";

/** What comes next: an item, or that there are no more. */
export type Next<Item> = { kind: "item"; item: Item } | Over;

type Over = { kind: "done" } | { kind: "failed"; error: Error };

export type ItemStreamDeps = {
  /** How many items that nobody has taken the task may have yielded. */
  maxUnread: number;
  /** The task is to hear that so many items were taken. */
  tell(takenCount: number): void;
};

/**
 * What a task yields, at the program's side: the items that this has not taken, or who waits for the next. A task that
 * runs again yields the same items again; by their indexes, each is taken in once.
 */
export class ItemStream<Item extends { free(): void }> {
  readonly #deps: ItemStreamDeps;
  readonly #unread = new Deque<Item>();
  readonly #waiting = new Deque<(next: Next<Item>) => void>();
  #takenCount = 0;
  #toldCount = 0;
  #over: Over | undefined;

  constructor(deps: ItemStreamDeps) {
    this.#deps = deps;
  }

  /** How many items the program has taken. */
  get takenCount(): number {
    return this.#takenCount;
  }

  /** How many items are here that it has not taken. */
  get unreadCount(): number {
    return this.#unread.size;
  }

  /** Takes in the item of an index. False when it was here before, or nobody wants it. */
  add(index: number, make: () => Item): boolean {
    if (this.#over !== undefined || index !== this.#takenCount + this.#unread.size) return false;
    this.#unread.push(make());
    const listener = this.#waiting.shift();
    if (listener !== undefined) this.next(listener);
    return true;
  }

  /** Calls back with what comes next: at once if it is here, in the order of the calls if not. */
  next(listener: (next: Next<Item>) => void): void {
    if (this.#unread.size > 0) listener({ kind: "item", item: this.#take() });
    else if (this.#over !== undefined) listener(this.#over);
    else this.#waiting.push(listener);
  }

  /** Forgets the first item that is lost, and all after it: the task is about to yield them again. */
  lose(isLost: (item: Item) => boolean): void {
    const unread = [...this.#unread];
    const first = unread.findIndex(isLost);
    if (first >= 0) this.#drop(unread.length - first);
  }

  /**
   * The task has ended, with this error if it failed. What it yielded before can still be taken, unless the program
   * itself has ended it.
   */
  end(error?: Error): void {
    if (error instanceof TaskCancelledError || error instanceof ShutdownError) this.#drop(this.#unread.size);
    this.#end(error === undefined ? { kind: "done" } : { kind: "failed", error });
  }

  /** The program wants no more, and what it has not taken is let go of. */
  close(): void {
    this.#drop(this.#unread.size);
    this.#end({ kind: "done" });
  }

  #take(): Item {
    const item = this.#unread.shift()!;
    this.#takenCount++;
    // Not each time: the task goes on while it has room, and each word costs a message.
    if (this.#over === undefined && 2 * (this.#takenCount - this.#toldCount) >= this.#deps.maxUnread) {
      this.#toldCount = this.#takenCount;
      this.#deps.tell(this.#takenCount);
    }
    return item;
  }

  #drop(lastCount: number): void {
    for (const item of this.#unread.takeLast(lastCount, () => true)) item.free();
  }

  #end(over: Over): void {
    if (this.#over !== undefined) return;
    this.#over = over;
    for (let listener = this.#waiting.shift(); listener !== undefined; listener = this.#waiting.shift())
      listener(over);
  }
}
