import type { Call } from "./call.ts";

type Waiting = Pick<Call, "owner" | "depth" | "hasEnded"> & { next: Waiting | undefined };

/**
 * Calls that wait for a worker. Those that other tasks submitted come first, the deepest before all: so a tree of tasks
 * is walked depth first, and few tasks are begun and wait for others at once. In one depth the owners take turns, and
 * the calls of each keep their order.
 */
export class Backlog<T extends Waiting> {
  readonly #levels: Level<T>[] = [];

  push(call: T): void {
    this.#level(call.depth).of(call.owner).push(call);
  }

  /** Puts one back that was taken out: it is its owner's next. */
  putBack(call: T): void {
    this.#level(call.depth).of(call.owner).unshift(call);
  }

  /** The next one; those that have ended meanwhile are gone. */
  peek(): T | undefined {
    while (this.#levels.length > 0) {
      const call = this.#levels.at(-1)!.peek();
      if (call !== undefined) return call;
      this.#levels.pop();
    }
    return undefined;
  }

  /** Takes out what `peek` has told. */
  shift(): void {
    this.#levels.at(-1)?.shift();
  }

  get isEmpty(): boolean {
    return this.peek() === undefined;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const level of this.#levels) yield* level;
  }

  #level(depth: number): Level<T> {
    while (this.#levels.length <= depth) this.#levels.push(new Level());
    return this.#levels[depth]!;
  }
}

/** The calls of one depth. */
class Level<T extends Waiting> {
  /** Whose turn it is comes first. */
  readonly #queues = new Map<string, Queue<T>>();
  #last: { owner: string; queue: Queue<T> } | undefined;

  of(owner: string): Queue<T> {
    if (this.#last?.owner === owner) return this.#last.queue;
    let queue = this.#queues.get(owner);
    if (queue === undefined) {
      queue = new Queue();
      this.#queues.set(owner, queue);
    }
    this.#last = { owner, queue };
    return queue;
  }

  peek(): T | undefined {
    for (const [owner, queue] of this.#queues) {
      const call = queue.peek();
      if (call !== undefined) return call;
      this.#queues.delete(owner);
      this.#last = undefined;
    }
    return undefined;
  }

  shift(): void {
    const [turn] = this.#queues;
    if (turn === undefined) return;
    const [owner, queue] = turn;
    queue.shift();
    if (this.#queues.size === 1) return;
    this.#queues.delete(owner);
    if (queue.peek() !== undefined) this.#queues.set(owner, queue);
    else this.#last = undefined;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const queue of this.#queues.values()) yield* queue;
  }
}

/** Calls in a row, each of which knows the next. */
class Queue<T extends Waiting> {
  #head: T | undefined;
  #tail: T | undefined;

  push(call: T): void {
    call.next = undefined;
    if (this.#tail === undefined) this.#head = call;
    else this.#tail.next = call;
    this.#tail = call;
  }

  unshift(call: T): void {
    call.next = this.#head;
    this.#head = call;
    this.#tail ??= call;
  }

  peek(): T | undefined {
    while (this.#head?.hasEnded) this.shift();
    return this.#head;
  }

  shift(): void {
    const head = this.#head;
    this.#head = head?.next as T | undefined;
    if (this.#head === undefined) this.#tail = undefined;
    if (head !== undefined) head.next = undefined;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let call = this.#head; call !== undefined; call = call.next as T | undefined) {
      if (!call.hasEnded) yield call;
    }
  }
}
