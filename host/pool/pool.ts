import type { OpenModule } from "../../scheduler/manifest/read.ts";
import { TaskTimeoutError, toWireError } from "../../scheduler/protocol/errors.ts";
import type { WorkerCall, WorkerResult } from "../worker/messages.ts";
import { WorkerThread } from "./worker-thread.ts";

export type PoolCall = { module: OpenModule; call: WorkerCall; timeoutMs?: number | undefined };

type Waiting = PoolCall & { resolve(result: WorkerResult | undefined): void };

/** A fixed number of worker threads, each with one call at a time, and a queue before them. */
export class Pool {
  readonly #onLog: (taskId: string, text: string) => void;
  readonly #threads = new Set<WorkerThread>();
  readonly #idle: WorkerThread[] = [];
  readonly #running = new Map<WorkerThread, Promise<unknown>>();
  #queue: Waiting[] = [];
  #isClosed = false;

  constructor(workerCount: number, onLog: (taskId: string, text: string) => void) {
    this.#onLog = onLog;
    for (let index = 0; index < workerCount; index++) this.#spawn();
  }

  get queued(): number {
    return this.#queue.length;
  }

  get running(): number {
    return this.#running.size;
  }

  /** Runs a call when a worker is free. Undefined when the pool gave it back before it ran to its end. */
  run(call: PoolCall): Promise<WorkerResult | undefined> {
    return new Promise((resolve) => {
      if (this.#isClosed) return resolve(undefined);
      this.#queue.push({ ...call, resolve });
      this.#next();
    });
  }

  /** Gives back what has not begun, and waits for the rest at most so long before it is given back as well. */
  async drain(deadlineMs: number): Promise<void> {
    this.#isClosed = true;
    const queue = this.#queue;
    this.#queue = [];
    for (const { resolve } of queue) resolve(undefined);
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise((resolve) => {
      timer = setTimeout(resolve, deadlineMs);
    });
    await Promise.race([Promise.all(this.#running.values()), deadline]);
    clearTimeout(timer);
    await Promise.all([...this.#threads].map((thread) => thread.terminate()));
  }

  #spawn(): void {
    const thread = new WorkerThread(this.#onLog, () => {
      this.#threads.delete(thread);
      const index = this.#idle.indexOf(thread);
      if (index >= 0) this.#idle.splice(index, 1);
      if (!this.#isClosed) this.#spawn();
    });
    this.#threads.add(thread);
    this.#idle.push(thread);
    this.#next();
  }

  #next(): void {
    while (this.#queue.length > 0 && this.#idle.length > 0) {
      const thread = this.#idle.pop()!;
      const running = this.#runOn(thread, this.#queue.shift()!);
      this.#running.set(thread, running);
    }
  }

  async #runOn(thread: WorkerThread, { module, call, timeoutMs, resolve }: Waiting): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    if (timeoutMs !== undefined) {
      timer = setTimeout(() => {
        const name = `${module.manifest.module}/${call.kernel}`;
        const error = new TaskTimeoutError(`${name} ran longer than its ${timeoutMs} ms`, {
          remedy: "Raise timeoutMs, or find out why it takes so long.",
          data: { kernel: name, timeoutMs },
        });
        void thread.terminate({ error: toWireError(error) });
      }, timeoutMs);
    }
    const result = await thread.run(module, call);
    clearTimeout(timer);
    this.#running.delete(thread);
    if (!thread.hasEnded) this.#idle.push(thread);
    resolve(result);
    this.#next();
  }
}
