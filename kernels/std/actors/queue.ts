/** A queue, first in, first out, of a bounded number of items. Nobody waits in it: when a call can't be done, it says so. */
class BoundedQueue<T> {
  private items: T[] = [];

  constructor(private capacity: i32 = 1_024) {
    if (capacity < 1) throw new RangeError(`a queue has room for 1 item or more, not ${capacity}`);
  }

  /** Adds an item at the end; false when there is no room. */
  tryPush(item: T): bool {
    if (this.items.length == this.capacity) return false;
    this.items.push(item);
    return true;
  }

  /** Takes the item that has been there longest; null when there is none. */
  tryPop(): T | null {
    return this.items.length == 0 ? null : this.items.shift();
  }

  @readonly
  size(): i32 {
    return this.items.length;
  }
}

/** A queue of bytes. */
@actor
export class Queue extends BoundedQueue<Uint8Array> {}

/** A queue of texts. */
@actor
export class TextQueue extends BoundedQueue<string> {}
