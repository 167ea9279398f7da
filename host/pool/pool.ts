import type { OpenModule } from "../../scheduler/manifest/read.ts";
import { TaskTimeoutError, toWireError, type WorkerCrashedError } from "../../scheduler/protocol/errors.ts";
import { longestTimerMs } from "../../scheduler/time/longest-timer.ts";
import type { WorkerCall, WorkerResult } from "../worker/messages.ts";
import { WorkerThread } from "./worker-thread.ts";

export type PoolCall = {
  module: OpenModule;
  call: WorkerCall;
  /** The client that it is run for, if it is one that can leave. */
  owner: string | undefined;
  timeoutMs: number | undefined;
};

type Waiting = PoolCall & { resolve(result: WorkerResult | undefined): void };

/** How long to wait after a thread that could not even start. */
const restartMs = 1_000;

/** A fixed number of worker threads, each with one call at a time, and a queue before them. */
export class Pool {
  readonly #onLog: (taskId: string, text: string) => void;
  readonly #threads = new Set<WorkerThread>();
  readonly #idle: WorkerThread[] = [];
  readonly #running = new Map<WorkerThread, { owner: string | undefined; ended: Promise<void> }>();
  readonly #queue: Waiting[] = [];
  #isClosed = false;

  constructor(workerCount: number, onLog: (taskId: string, text: string) => void) {
    this.#onLog = onLog;
    for (let index = 0; index < workerCount; index++) this.#spawn();
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

  /** Ends all calls of an owner who has left: nobody wants their results, and one of them may never end by itself. */
  abandon(owner: string): void {
    for (const waiting of this.#queue.splice(0)) {
      if (waiting.owner === owner) waiting.resolve(undefined);
      else this.#queue.push(waiting);
    }
    for (const [thread, running] of this.#running) {
      if (running.owner === owner) void thread.terminate();
    }
  }

  /** Gives back what has not begun, and waits for the rest at most so long before it is given back as well. */
  async drain(deadlineMs: number): Promise<void> {
    this.#isClosed = true;
    for (const { resolve } of this.#queue.splice(0)) resolve(undefined);
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise((resolve) => {
      timer = setTimeout(resolve, deadlineMs);
    });
    await Promise.race([Promise.all([...this.#running.values()].map(({ ended }) => ended)), deadline]);
    clearTimeout(timer);
    await Promise.all([...this.#threads].map((thread) => thread.terminate()));
  }

  #spawn(): void {
    let isReady = false;
    const thread = new WorkerThread(
      // Not before, because the time that a thread takes to start is none of the task's.
      () => {
        isReady = true;
        this.#idle.push(thread);
        this.#next();
      },
      this.#onLog,
      (error) => {
        this.#threads.delete(thread);
        const index = this.#idle.indexOf(thread);
        if (index >= 0) this.#idle.splice(index, 1);
        if (this.#isClosed) return;
        if (isReady) this.#spawn();
        else this.#startFailed(error);
      },
    );
    this.#threads.add(thread);
  }

  /** A machine on which threads don't start now may do so later; whoever waits for one hears of it at once. */
  #startFailed(error: WorkerCrashedError): void {
    for (const { resolve } of this.#queue.splice(0)) resolve({ error: toWireError(error) });
    setTimeout(() => {
      if (!this.#isClosed) this.#spawn();
    }, restartMs).unref();
  }

  #next(): void {
    while (this.#queue.length > 0 && this.#idle.length > 0) {
      const thread = this.#idle.pop()!;
      const call = this.#queue.shift()!;
      this.#running.set(thread, { owner: call.owner, ended: this.#runOn(thread, call) });
    }
  }

  async #runOn(thread: WorkerThread, { module, call, timeoutMs, resolve }: Waiting): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    if (timeoutMs !== undefined) {
      timer = setTimeout(
        () => {
          const name = `${module.manifest.module}/${call.kernel}`;
          const error = new TaskTimeoutError(`${name} ran longer than its ${timeoutMs} ms`, {
            remedy: "Raise timeoutMs, or find out why it takes so long.",
            data: { kernel: name, timeoutMs },
          });
          void thread.terminate({ error: toWireError(error) });
        },
        Math.min(timeoutMs, longestTimerMs),
      );
    }
    const result = await thread.run(module, call);
    clearTimeout(timer);
    this.#running.delete(thread);
    if (!thread.hasEnded) this.#idle.push(thread);
    resolve(result);
    this.#next();
  }
}
