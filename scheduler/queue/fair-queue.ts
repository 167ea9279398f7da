import { Deque } from "./deque.ts";

/** Something that waits for its turn. */
export type Waiting = {
  /** Whoever shares fairly with others. */
  owner: string | undefined;
  /** The higher, the sooner. */
  priority: number;
  /** How many tasks it is nested in: deeper ones go first among those of one priority. */
  depth: number;
  /** Which others need the same; where one of these has to wait, all do. */
  shape: string;
  /** How long it is thought to take, in ms. */
  estimateMs: number;
  /** Since when it waits. */
  queuedMs: number;
  /** Whether it need not be run any more. */
  hasEnded: boolean;
};

/** After so long, something that waits counts as if its priority were higher by one. */
export const agingMs = 1_000;

/**
 * What waits to be run, in this order: by priority, which grows while it waits, so that nobody waits for ever; then the
 * deepest first, so that few tasks are begun and wait for others at once; then the owners in turn, by how much time
 * each has had; and first come, first served among those of one owner.
 */
export class FairQueue<T extends Waiting> {
  readonly #levels: Level<T>[] = [];
  /** What each owner has had, in ms of estimates. Those that have nothing here are forgotten. */
  readonly #shares = new Map<string | undefined, Share>();
  /** What the owner had who was served last: a newcomer begins there, and not with all that others have had before. */
  #servedMs = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    this.#insert(item, false);
  }

  /** Puts one back that was taken out: it is its owner's next. */
  putBack(item: T): void {
    this.#share(item.owner).hadMs -= item.estimateMs;
    this.#insert(item, true);
  }

  /**
   * Takes out the next one that fits.
   * @param fits whether one can be run now; it is asked once for each shape that waits
   * @param isUrgent whether those that come after one that does not fit have to wait for it, too
   */
  take(nowMs: number, fits: (item: T) => boolean, isUrgent?: (item: T) => boolean): T | undefined {
    const first = this.#first(nowMs);
    if (first === undefined) return undefined;
    const firstItem = first.peek()!;
    if (fits(firstItem)) return this.#takeFrom(first);
    if (this.#levels.length === 1 || isUrgent?.(firstItem)) return undefined;
    for (const level of this.#ordered(nowMs)) {
      if (level === first) continue;
      const item = level.peek();
      if (item === undefined) continue;
      if (fits(item)) return this.#takeFrom(level);
      if (isUrgent?.(item)) return undefined;
    }
    return undefined;
  }

  /** Takes out up to so many that would come last, of those that `accept` takes. */
  takeLast(count: number, accept: (item: T) => boolean): T[] {
    const taken: T[] = [];
    for (const level of [...this.#levels].sort(byRank).reverse()) {
      if (taken.length >= count) break;
      taken.push(...level.takeLast(count - taken.length, accept));
    }
    this.#size -= taken.length;
    for (const { owner } of taken) this.#leave(owner);
    for (const level of this.#levels.filter(({ isEmpty }) => isEmpty)) this.#forget(level);
    return taken;
  }

  /** Takes out all that `test` takes. */
  remove(test: (item: T) => boolean): T[] {
    return this.takeLast(Number.POSITIVE_INFINITY, test);
  }

  /** One of each shape that waits. */
  *firsts(): Generator<T> {
    for (const level of this.#levels) yield level.peek()!;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const level of this.#levels) yield* level;
  }

  #insert(item: T, isFirst: boolean): void {
    this.#size++;
    const share = this.#share(item.owner);
    share.waiting++;
    let level = this.#levels.find((level) => level.takes(item));
    if (level === undefined) {
      level = new Level(item);
      this.#levels.push(level);
    }
    level.insert(item, share, isFirst);
  }

  #takeFrom(level: Level<T>): T {
    const { item, share } = level.shift();
    this.#size--;
    this.#servedMs = Math.max(this.#servedMs, share.hadMs);
    share.hadMs += item.estimateMs;
    this.#leave(item.owner);
    if (level.isEmpty) this.#forget(level);
    return item;
  }

  #forget(level: Level<T>): void {
    this.#levels.splice(this.#levels.indexOf(level), 1);
  }

  /** The first one in order, without ordering the others. */
  #first(nowMs: number): Level<T> | undefined {
    if (this.#levels.length < 2) return this.#levels[0];
    const before = this.#order(nowMs);
    let first = this.#levels[0];
    for (const level of this.#levels) if (before(level, first!) < 0) first = level;
    return first;
  }

  #ordered(nowMs: number): Level<T>[] {
    return [...this.#levels].sort(this.#order(nowMs));
  }

  /**
   * Priorities grow by the time that the first of them has waited, all those of one priority together: else what is
   * deep would wait for what is not, and ever more would be begun.
   */
  #order(nowMs: number): (one: Level<T>, other: Level<T>) => number {
    const { priority: some } = this.#levels[0]!;
    if (this.#levels.every(({ priority }) => priority === some)) return byRank;
    const sinceMs = new Map<number, number>();
    for (const level of this.#levels) {
      const { priority } = level;
      sinceMs.set(priority, Math.min(sinceMs.get(priority) ?? nowMs, level.sinceMs(nowMs)));
    }
    const aged = ({ priority }: Rank) => priority + Math.floor((nowMs - sinceMs.get(priority)!) / agingMs);
    return (one, other) => aged(other) - aged(one) || byRank(one, other);
  }

  #share(owner: string | undefined): Share {
    let share = this.#shares.get(owner);
    if (share === undefined) {
      share = { hadMs: this.#servedMs, waiting: 0 };
      this.#shares.set(owner, share);
    }
    return share;
  }

  #leave(owner: string | undefined): void {
    const share = this.#shares.get(owner);
    // What one has had beyond the others counts for as long as these wait.
    if (share !== undefined && --share.waiting === 0 && share.hadMs <= this.#servedMs)
      this.#shares.delete(owner);
    if (this.#size > 0) return;
    this.#shares.clear();
    this.#servedMs = 0;
  }
}

type Share = { hadMs: number; waiting: number };
type Rank = { priority: number; depth: number };

const byRank = (one: Rank, other: Rank) => other.priority - one.priority || other.depth - one.depth;

/** Those of one priority, one depth and one shape. */
class Level<T extends Waiting> {
  readonly priority: number;
  readonly depth: number;
  readonly #shape: string;
  readonly #queues = new Map<string | undefined, { share: Share; items: Deque<T> }>();

  constructor({ priority, depth, shape }: T) {
    this.priority = priority;
    this.depth = depth;
    this.#shape = shape;
  }

  takes({ priority, depth, shape }: T): boolean {
    return this.priority === priority && this.depth === depth && this.#shape === shape;
  }

  get isEmpty(): boolean {
    return this.#queues.size === 0;
  }

  insert(item: T, share: Share, isFirst: boolean): void {
    let queue = this.#queues.get(item.owner);
    if (queue === undefined) {
      queue = { share, items: new Deque() };
      this.#queues.set(item.owner, queue);
    }
    if (isFirst) queue.items.unshift(item);
    else queue.items.push(item);
  }

  peek(): T | undefined {
    return this.#next()?.items.first;
  }

  shift(): { item: T; share: Share } {
    const { items, share } = this.#next()!;
    const item = items.shift()!;
    if (items.size === 0) this.#queues.delete(item.owner);
    return { item, share };
  }

  /** Since when its first ones wait. */
  sinceMs(nowMs: number): number {
    let sinceMs = nowMs;
    for (const { items } of this.#queues.values()) sinceMs = Math.min(sinceMs, items.first!.queuedMs);
    return sinceMs;
  }

  takeLast(count: number, accept: (item: T) => boolean): T[] {
    const taken: T[] = [];
    for (const [owner, { items }] of this.#queues) {
      taken.push(...items.takeLast(count - taken.length, accept));
      if (items.size === 0) this.#queues.delete(owner);
      if (taken.length >= count) break;
    }
    return taken;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const { items } of this.#queues.values()) yield* items;
  }

  /** The queue of the owner that has had least. */
  #next(): { share: Share; items: Deque<T> } | undefined {
    let next: { share: Share; items: Deque<T> } | undefined;
    for (const queue of this.#queues.values()) {
      if (next === undefined || queue.share.hadMs < next.share.hadMs) next = queue;
    }
    return next;
  }
}
