import { InvalidTaskError } from "../protocol/errors.ts";
import type { Streaming } from "./backend.ts";
import { type Handle, ObjectRef } from "./object-ref.ts";

export type RefStreamDeps = Streaming & {
  /** Ends a task that is not done. */
  cancel(handle: Handle): void;
  /** @throws when the client was shut down */
  checkOpen(): void;
};

/** Ends the task of a stream that the program has forgotten. */
const forgotten = new FinalizationRegistry<RefStreamDeps>(closeStream);

/** Nobody takes any more: the task ends, and what it has yielded is let go of. */
function closeStream({ items, result, cancel }: RefStreamDeps): void {
  items.close();
  cancel(result);
}

/**
 * What a task yields by `emit`, as refs that are ready, in order; and the ref of what it returns. It is read once, by
 * `for await`. The task waits while `maxUnread` of its items were not taken. When it fails, so does the loop, after the
 * items that came before. Whoever leaves the loop, or forgets the stream, ends the task; items that nobody has taken are let go
 * of.
 */
export class RefStream<Item = unknown, Result = unknown> implements AsyncIterable<ObjectRef<Item>> {
  /** What the kernel returns, once it has ended. */
  readonly result: ObjectRef<Result>;
  readonly #deps: RefStreamDeps;
  #isRead = false;
  #isOver = false;

  /** Streams are made by `Kernel.stream`. */
  constructor(deps: RefStreamDeps) {
    this.#deps = deps;
    this.result = new ObjectRef(deps.result);
    forgotten.register(this, deps);
  }

  /** @throws InvalidTaskError the second time */
  [Symbol.asyncIterator](): AsyncIterator<ObjectRef<Item>, undefined> {
    if (this.#isRead) {
      throw new InvalidTaskError(`the stream of ${this.result} is read already`, {
        remedy: "Read it by one loop, and call the kernel again for another stream.",
        data: { id: this.result.id },
      });
    }
    this.#isRead = true;
    // It holds this stream, which is not forgotten as long as somebody reads it.
    return {
      next: () => this.#next(),
      return: async () => {
        this.#close();
        return done;
      },
    };
  }

  /** Ends the task if it has not ended, and lets go of what nobody has taken. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
  }

  #next(): Promise<IteratorResult<ObjectRef<Item>, undefined>> {
    if (this.#isOver) return Promise.resolve(done);
    return new Promise((resolve, reject) => {
      const { items, checkOpen } = this.#deps;
      checkOpen();
      items.next((next) => {
        if (next.kind === "item") {
          resolve({ done: false, value: new ObjectRef<Item>(next.item) });
          return;
        }
        // An error is told once.
        if (next.kind === "failed" && !this.#isOver) reject(next.error);
        else resolve(done);
        this.#isOver = true;
      });
    });
  }

  #close(): void {
    this.#isOver = true;
    closeStream(this.#deps);
  }
}

const done = { done: true, value: undefined } as const;
