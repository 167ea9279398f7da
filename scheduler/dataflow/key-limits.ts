import { Deque } from "../queue/deque.ts";

type Keyed = { key?: string | undefined; maxConcurrent?: number | undefined; hasEnded: boolean };

/** Lets no more tasks of a key be under way at once than each of them allows. */
export class KeyLimits<T extends Keyed> {
  readonly #keys = new Map<string, { count: number; waiting: Deque<T> }>();

  /** Whether a task may go now; if not, `ended` returns it when it may. */
  admit(task: T): boolean {
    if (task.key === undefined) return true;
    let key = this.#keys.get(task.key);
    if (key === undefined) {
      key = { count: 0, waiting: new Deque() };
      this.#keys.set(task.key, key);
    }
    if (key.count < (task.maxConcurrent ?? 1)) {
      key.count++;
      return true;
    }
    key.waiting.push(task);
    return false;
  }

  /** A task that was admitted has ended. Returns those that may go now. */
  ended({ key: name }: T): T[] {
    const key = name === undefined ? undefined : this.#keys.get(name);
    if (key === undefined) return [];
    key.count--;
    const next: T[] = [];
    for (let first = key.waiting.first; first !== undefined; first = key.waiting.first) {
      if (!first.hasEnded && key.count >= (first.maxConcurrent ?? 1)) break;
      key.waiting.shift();
      if (first.hasEnded) continue;
      key.count++;
      next.push(first);
    }
    if (key.count === 0 && key.waiting.size === 0) this.#keys.delete(name!);
    return next;
  }
}
