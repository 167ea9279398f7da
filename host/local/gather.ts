import type { LocalObject, Waiter } from "./local-object.ts";

/** Waits until all of these objects are ready, or one of them has failed. Until then it needs their values. */
export class Gather implements Waiter {
  readonly #objects: readonly LocalObject[];
  #missingCount = 0;
  #isOver = false;
  #done: () => void = () => {};
  #failed: (error: Error) => void = () => {};

  constructor(objects: readonly LocalObject[]) {
    this.#objects = objects;
    for (const object of objects) object.use();
    for (const object of objects) {
      if (object.isReady) continue;
      this.#missingCount++;
      object.want();
      object.whenReady(this);
    }
  }

  /** Whether nothing is to be waited for any more. */
  get isOver(): boolean {
    return this.#isOver || this.#missingCount === 0;
  }

  ready({ content }: LocalObject): void {
    if (this.#isOver) return;
    this.#missingCount--;
    if (content.kind === "failed") {
      this.#isOver = true;
      this.#failed(content.error);
    } else if (this.#missingCount === 0) {
      this.#done();
    }
  }

  /** Rejects with the error of the first that fails. */
  wait(): Promise<void> {
    if (this.isOver) return Promise.resolve();
    return new Promise((done, failed) => {
      this.#done = done;
      this.#failed = failed;
    });
  }

  /** Their values are not needed any more. */
  end(): void {
    for (const object of this.#objects) object.unuse();
  }
}
