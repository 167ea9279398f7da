/**
 * What is published, in order, each item at an offset from 0. The latest are kept, up to a number; a reader that is
 * further behind has missed some. Readers keep their offset themselves (`read`), or subscribe, and it is kept here (`next`).
 */
class BoundedTopic<T> {
  private items: T[] = [];
  /** The offset of the oldest item that is kept. */
  private firstOffset: f64 = 0;
  private cursors: Map<string, f64> = new Map<string, f64>();

  constructor(private history: i32 = 1_024) {
    if (history < 1) throw new RangeError(`a topic keeps 1 item or more, not ${history}`);
  }

  /** Its offset. */
  publish(item: T): f64 {
    if (this.items.length == this.history) {
      this.items.shift();
      this.firstOffset++;
    }
    this.items.push(item);
    return this.endOffset() - 1;
  }

  /** The items from an offset, `most` of them at most. It fails when the first of them is not kept any more. */
  @readonly
  read(from: f64, most: i32 = 100): T[] {
    checkMost(most);
    if (!(from >= this.firstOffset))
      throw new RangeError(`what is kept begins at ${this.firstOffset}, and ${from} was asked for`);
    return this.slice(from, most);
  }

  /** The offset of the oldest item that is kept. */
  @readonly
  first(): f64 {
    return this.firstOffset;
  }

  /** The offset of the item that is published next. */
  @readonly
  end(): f64 {
    return this.endOffset();
  }

  /**
   * Remembers where a subscriber is, as from now on.
   * @param from the offset of its first item, which can't be one that is still to come; by default the next that is published
   * @returns that offset
   */
  subscribe(subscriber: string, from: f64 = Infinity): f64 {
    const cursor = Math.floor(min(from > this.firstOffset ? from : this.firstOffset, this.endOffset()));
    this.cursors.set(subscriber, cursor);
    return cursor;
  }

  unsubscribe(subscriber: string): bool {
    return this.cursors.delete(subscriber);
  }

  /** The items that a subscriber has not had, `most` of them at most; those that are not kept any more are left out. */
  next(subscriber: string, most: i32 = 100): T[] {
    checkMost(most);
    const from = max(this.cursorOf(subscriber), this.firstOffset);
    const items = this.slice(from, most);
    this.cursors.set(subscriber, from + items.length);
    return items;
  }

  /** How many items a subscriber has still to get, those among them that are not kept any more. */
  @readonly
  behind(subscriber: string): f64 {
    return this.endOffset() - this.cursorOf(subscriber);
  }

  private endOffset(): f64 {
    return this.firstOffset + this.items.length;
  }

  private slice(from: f64, most: i32): T[] {
    const start = <i32>min(from - this.firstOffset, <f64>this.items.length);
    return this.items.slice(start, <i32>min(<i64>start + most, this.items.length));
  }

  private cursorOf(subscriber: string): f64 {
    if (!this.cursors.has(subscriber)) throw new Error(`${subscriber} has not subscribed`);
    return this.cursors.get(subscriber);
  }
}

function checkMost(most: i32): void {
  if (most < 1) throw new RangeError(`1 item or more are read at once, not ${most}`);
}

/** A topic of bytes. */
@actor
export class Topic extends BoundedTopic<Uint8Array> {}

/** A topic of texts. */
@actor
export class TextTopic extends BoundedTopic<string> {}
