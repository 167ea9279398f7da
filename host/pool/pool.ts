import { LimitExceededError, toWireError, type WorkerCrashedError } from "../../scheduler/protocol/errors.ts";
import { longestTimerMs } from "../../scheduler/time/longest-timer.ts";
import type { LoadedModule } from "../modules.ts";
import type { Children } from "../nested/children.ts";
import type { NestedRequest, WorkerCall, WorkerResult } from "../worker/messages.ts";
import { timeoutError } from "../worker/meter.ts";
import { TaskQueue } from "./task-queue.ts";
import { WorkerThread } from "./worker-thread.ts";

export type PoolCall = {
  module: LoadedModule;
  call: WorkerCall;
  /** The client that it is run for, if it is one that can leave. */
  owner: string | undefined;
  /** What the task submits itself; `countEnded` is to be called with each of these that has ended. */
  childrenOf(countEnded: () => void): Children;
  onLog(text: string): void;
  onProgress(fraction: number, text: string): void;
};

type Waiting = PoolCall & { depth: number; resolve(result: WorkerResult | undefined): void };

/** A call in a thread. While it is blocked, because it waits for what it has submitted, its cpu is another's. */
type Running = { call: PoolCall; isBlocked: boolean; ended: Promise<void> };

/** A call that looks at the time itself has ended by then; this is for all others. */
const noticeMs = 5;
/** How long to wait after a thread that could not even start. */
const restartMs = 1_000;
/** The most threads, with those that are blocked: each takes about 8 MB. */
const mostThreads = 512;
/** How long threads that took the place of blocked ones are kept when they are no longer needed. */
const spareMs = 1_000;

/**
 * Worker threads with one call at a time each, and a queue before them. None begins while `cpus` of them run; those
 * that are blocked have others in their place.
 */
export class Pool {
  readonly #cpus: number;
  readonly #stackBytes: number;
  readonly #threads = new Set<WorkerThread>();
  readonly #idle: WorkerThread[] = [];
  readonly #running = new Map<WorkerThread, Running>();
  readonly #queue = new TaskQueue<Waiting>();
  #activeCount = 0;
  #trimming: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(cpus: number, stackBytes: number) {
    this.#cpus = cpus;
    this.#stackBytes = stackBytes;
    for (let index = 0; index < cpus; index++) this.#spawn();
  }

  /** Calls that have a cpu. */
  get running(): number {
    return this.#activeCount;
  }

  /** Calls that wait for what they have submitted. */
  get blocked(): number {
    return this.#running.size - this.#activeCount;
  }

  /** Runs a call when a cpu is free. Undefined when the pool gave it back before it ran to its end. */
  run(call: PoolCall): Promise<WorkerResult | undefined> {
    return new Promise((resolve) => {
      if (this.#isClosed) return resolve(undefined);
      this.#queue.push({ ...call, depth: call.call.depth, resolve });
      this.#next();
    });
  }

  /**
   * Ends calls, running or not, whose results nobody wants: those of an owner who has left, for one. One of them may
   * never end by itself.
   */
  cancel(test: (call: PoolCall) => boolean): void {
    for (const { resolve } of this.#queue.remove(test)) resolve(undefined);
    for (const [thread, { call }] of this.#running) if (test(call)) thread.stop(undefined);
  }

  /** Gives back what has not begun, and waits for the rest at most so long before it is given back as well. */
  async drain(deadlineMs: number): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#trimming);
    for (const { resolve } of this.#queue.remove(() => true)) resolve(undefined);
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
      this.#stackBytes,
      // Not before, because the time that a thread takes to start is none of the task's.
      () => {
        isReady = true;
        this.#idle.push(thread);
        this.#next();
      },
      (error) => {
        this.#threads.delete(thread);
        const index = this.#idle.indexOf(thread);
        if (index >= 0) this.#idle.splice(index, 1);
        if (this.#isClosed) return;
        if (!isReady) this.#startFailed(error);
        else this.#keepThreads();
      },
    );
    this.#threads.add(thread);
  }

  /** As many threads as cpus, beside those that are blocked, are there or about to be. */
  #keepThreads(): void {
    while (this.#threads.size - this.blocked < this.#cpus && this.#threads.size < mostThreads) this.#spawn();
  }

  /** A machine on which threads don't start now may do so later; whoever waits for one hears of it at once. */
  #startFailed(error: WorkerCrashedError): void {
    for (const { resolve } of this.#queue.remove(() => true)) resolve({ error: toWireError(error) });
    setTimeout(() => {
      if (!this.#isClosed) this.#keepThreads();
    }, restartMs).unref();
  }

  #next(): void {
    while (this.#activeCount < this.#cpus) {
      const thread = this.#idle.at(-1);
      if (thread === undefined || this.#queue.length === 0) return;
      this.#idle.pop();
      const call = this.#queue.next()!;
      this.#activeCount++;
      const running: Running = { call, isBlocked: false, ended: Promise.resolve() };
      this.#running.set(thread, running);
      running.ended = this.#runOn(thread, running, call);
    }
  }

  async #runOn(thread: WorkerThread, running: Running, waiting: Waiting): Promise<void> {
    const { module, call, resolve, onLog: log, onProgress: progress } = waiting;
    const { timeoutMs } = call.limits;
    const timer = setTimeout(
      () => thread.stop(toWireError(timeoutError(`${module.manifest.module}/${call.kernel}`, timeoutMs))),
      Math.min(timeoutMs + noticeMs, longestTimerMs),
    );
    let children: Children | undefined;
    const nested = (request: NestedRequest) => {
      children ??= waiting.childrenOf(() => thread.countEnded());
      void this.#nested(thread, running, children, request);
    };
    const result = await thread.run(module, call, { log, progress, nested });
    clearTimeout(timer);
    children?.close();
    this.#running.delete(thread);
    if (!running.isBlocked) this.#activeCount--;
    if (!thread.hasEnded) this.#idle.push(thread);
    resolve(result);
    this.#next();
    this.#trim();
  }

  /** Does what a running task asks for; while it waits, its cpu is free. */
  async #nested(
    thread: WorkerThread,
    running: Running,
    children: Children,
    request: NestedRequest,
  ): Promise<void> {
    if (request.kind === "submit") return children.submit(request);
    if (request.kind === "put") return children.put(request);
    if (request.kind === "free") return children.free(request.ref);
    if (this.#threads.size >= mostThreads && this.#idle.length === 0) {
      return thread.reply({ kind: "failed", error: toWireError(tooManyBlocked()) });
    }
    running.isBlocked = true;
    this.#activeCount--;
    this.#keepThreads();
    this.#next();
    const reply = await (request.kind === "get" ? children.get(request.ref) : children.wait(request));
    if (this.#running.get(thread) !== running) return;
    // It goes on at once, even if all cpus are taken: for who holds them may be what it is about to end.
    running.isBlocked = false;
    this.#activeCount++;
    thread.reply(reply);
  }

  /** Ends threads that nobody needs any more, a while later. */
  #trim(): void {
    if (this.#trimming !== undefined || this.#isClosed || this.#idle.length <= this.#cpus) return;
    this.#trimming = setTimeout(() => {
      this.#trimming = undefined;
      const surplus = this.#threads.size - this.blocked - this.#cpus;
      for (const thread of this.#idle.splice(0, Math.min(surplus, this.#idle.length - this.#cpus))) {
        void thread.terminate();
      }
      this.#trim();
    }, spareMs).unref();
  }
}

const tooManyBlocked = () =>
  new LimitExceededError(`${mostThreads} tasks of this host wait for tasks of theirs, and no more can`, {
    remedy: "Submit all that is needed before the first get, or nest less deeply.",
    data: { limit: "threads", mostThreads },
  });
