import type { Entry } from "../ownership/object-table.ts";
import type { ItemSink, Submission } from "./pending-task.ts";
import { TaskOrigin } from "./task-origin.ts";

/** The call that has yielded an object: with it, all items of the call can be made again. */
export class ItemOrigin extends TaskOrigin {
  readonly taskId: string;

  constructor(taskId: string, { submission, refs, bytes, retriesLeft }: TaskOrigin) {
    super({ ...submission, items: again }, refs, bytes, retriesLeft);
    this.taskId = taskId;
  }
}

/** Of a call that is run only to yield again what is lost: nobody takes its other items, and it waits for nobody. */
const again: ItemSink = {
  takenCount: () => Number.MAX_SAFE_INTEGER,
  add: () => false,
  lose() {},
  end() {},
};

export const isAgain = ({ items }: Submission): boolean => items === again;

/** Items that the program has, that are lost, and that their tasks are to yield once more. */
export class LostItems {
  readonly #byTask = new Map<string, Map<string, Entry>>();

  add(entry: Entry, { taskId }: ItemOrigin): void {
    let entries = this.#byTask.get(taskId);
    if (entries === undefined) {
      entries = new Map();
      this.#byTask.set(taskId, entries);
    }
    entries.set(entry.id, entry);
  }

  /** Whether any are still to be yielded by a task. */
  has(taskId: string): boolean {
    return this.#byTask.has(taskId);
  }

  /** One of them has been yielded. */
  take(taskId: string, itemId: string): Entry | undefined {
    const entries = this.#byTask.get(taskId);
    const entry = entries?.get(itemId);
    entries?.delete(itemId);
    if (entries?.size === 0) this.#byTask.delete(taskId);
    return entry;
  }

  /** All that are still to be yielded by a task, which has ended. */
  takeAll(taskId: string): Entry[] {
    const entries = [...(this.#byTask.get(taskId)?.values() ?? [])];
    this.#byTask.delete(taskId);
    return entries;
  }
}
