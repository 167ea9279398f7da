import type { StoredObject } from "../objects/stored-object.ts";

/** Tasks may pin this part of the store: what they return is to have room, too. */
const mostPart = 0.5;

type Waiting = { objects: readonly StoredObject[]; start: () => void };

/**
 * Decides when a task may have in memory what it takes. However many tasks wait for a worker, what they take may lie on
 * disk until then; if each pinned its arguments at once, they would fill the store, and fail for want of room.
 */
export class Admission {
  readonly #mostBytes: number;
  /** How many tasks have each object. */
  readonly #users = new Map<StoredObject, number>();
  readonly #waiting: Waiting[] = [];
  #bytes = 0;

  constructor(capacityBytes: number) {
    this.#mostBytes = mostPart * capacityBytes;
  }

  /**
   * Calls `start` when these have room beside those of others, each counted once; at once for the first, and for a task
   * that takes none. One after the other: a task with much to take is not overtaken for ever.
   */
  enter(objects: readonly StoredObject[], start: () => void): void {
    if (objects.length === 0) start();
    else if (this.#waiting.length > 0 || !this.#hasRoom(objects)) this.#waiting.push({ objects, start });
    else this.#admit({ objects, start });
  }

  /** The same for a task that others wait for: what these have does not come free before it has ended. */
  force(objects: readonly StoredObject[]): void {
    for (const object of objects) {
      const count = this.#users.get(object) ?? 0;
      if (count === 0) this.#bytes += object.byteLength;
      this.#users.set(object, count + 1);
    }
  }

  /** A task that has been admitted needs these no more. */
  leave(objects: readonly StoredObject[]): void {
    for (const object of objects) {
      const count = this.#users.get(object)! - 1;
      if (count > 0) {
        this.#users.set(object, count);
      } else {
        this.#users.delete(object);
        this.#bytes -= object.byteLength;
      }
    }
    while (this.#waiting.length > 0 && this.#hasRoom(this.#waiting[0]!.objects)) {
      this.#admit(this.#waiting.shift()!);
    }
  }

  #admit({ objects, start }: Waiting): void {
    this.force(objects);
    start();
  }

  #hasRoom(objects: readonly StoredObject[]): boolean {
    if (this.#bytes === 0) return true;
    let bytes = this.#bytes;
    for (const object of objects) if (!this.#users.has(object)) bytes += object.byteLength;
    return bytes <= this.#mostBytes;
  }
}
