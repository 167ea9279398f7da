import type { Call } from "./call.ts";

type Waiting = Pick<Call, "owner" | "depth" | "hasEnded" | "isUrgent"> & { next: Waiting | undefined };

/**
 * Calls that wait for a worker. Urgent ones come first. Then come those that other tasks submitted, the deepest before
 * all: so a tree of tasks is walked depth first, and few tasks are begun and wait for others at once. In one depth the
 * owners take turns, and the calls of each keep their order.
 */
export class Backlog<T extends Waiting> {
  readonly #urgent = new Queue<T>("");
  readonly #levels: Level<T>[] = [];

  push(call: T): void {
    this.#queueOf(call).push(call);
  }

  /** Puts one back that was taken out: it is its owner's next. */
  putBack(call: T): void {
    this.#queueOf(call).unshift(call);
  }

  /** The next one; those that have ended meanwhile are gone. */
  peek(): T | undefined {
    const urgent = this.#urgent.peek();
    if (urgent !== undefined) return urgent;
    while (this.#levels.length > 0) {
      const call = this.#levels.at(-1)!.peek();
      if (call !== undefined) return call;
      this.#levels.pop();
    }
    return undefined;
  }

  /** Takes out what `peek` has told. */
  shift(): void {
    if (this.#urgent.peek() !== undefined) this.#urgent.shift();
    else this.#levels.at(-1)?.shift();
  }

  get isEmpty(): boolean {
    return this.peek() === undefined;
  }

  *[Symbol.iterator](): Iterator<T> {
    yield* this.#urgent;
    for (const level of this.#levels) yield* level;
  }

  #queueOf(call: T): Queue<T> {
    return call.isUrgent ? this.#urgent : this.#level(call.depth).of(call.owner);
  }

  #level(depth: number): Level<T> {
    while (this.#levels.length <= depth) this.#levels.push(new Level());
    return this.#levels[depth]!;
  }
}

/** The calls of one depth. */
class Level<T extends Waiting> {
  readonly #queues = new Map<string, Queue<T>>();
  /** Whose turn it is, and who comes last. */
  #turn: Queue<T> | undefined;
  #end: Queue<T> | undefined;
  #last: Queue<T> | undefined;

  of(owner: string): Queue<T> {
    if (this.#last?.owner === owner) return this.#last;
    let queue = this.#queues.get(owner);
    if (queue === undefined) {
      queue = new Queue(owner);
      this.#queues.set(owner, queue);
      this.#append(queue);
    }
    this.#last = queue;
    return queue;
  }

  peek(): T | undefined {
    for (let turn = this.#turn; turn !== undefined; turn = this.#turn) {
      const call = turn.peek();
      if (call !== undefined) return call;
      this.#turn = turn.following;
      this.#forget(turn);
    }
    return undefined;
  }

  shift(): void {
    const turn = this.#turn;
    turn?.shift();
    if (turn === undefined || turn.following === undefined) return;
    this.#turn = turn.following;
    if (turn.peek() !== undefined) this.#append(turn);
    else this.#forget(turn);
  }

  #append(queue: Queue<T>): void {
    queue.following = undefined;
    if (this.#turn === undefined) this.#turn = queue;
    else this.#end!.following = queue;
    this.#end = queue;
  }

  #forget({ owner }: Queue<T>): void {
    this.#queues.delete(owner);
    if (this.#last?.owner === owner) this.#last = undefined;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let queue = this.#turn; queue !== undefined; queue = queue.following) yield* queue;
  }
}

/** Calls of one owner in a row, each of which knows the next. */
class Queue<T extends Waiting> {
  readonly owner: string;
  /** Of whoever's turn comes after this one's. */
  following: Queue<T> | undefined;
  #head: T | undefined;
  #tail: T | undefined;

  constructor(owner: string) {
    this.owner = owner;
  }

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
