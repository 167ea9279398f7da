import source from "worker:./ring-thread.ts";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { ringMemory, slotOf, words } from "./ring-memory.ts";
import type { RingThreadData } from "./ring-thread.ts";

/** Some 40 µs: longer than a worker that is awake needs for one task. */
const spinCount = 2_000;
/** In an event loop with nothing else to do, Node 20 may not see that a wait is over: then it is looked again. */
const lostMs = 100;
/** A worker hears of so many tasks at once. */
const publishCount = 64;

/**
 * The plainest ring in shared memory, to a worker thread that does nothing else: what no task of wray can beat on this
 * machine. It knows no refs, no errors, no limits, and no kernels but one.
 */
export class Ring {
  readonly #memory = ringMemory();
  readonly #worker: Worker;
  #submitted = 0;

  private constructor(scratch: WebAssembly.Module | undefined) {
    const workerData: RingThreadData = { ring: this.#memory, scratch };
    this.#worker = new Worker(source, { eval: true, workerData });
  }

  /** @param scratch what its tasks run, in a memory that is put back after each; without it, they add two numbers */
  static async start(scratch?: WebAssembly.Module): Promise<Ring> {
    const ring = new Ring(scratch);
    await once(ring.#worker, "online");
    return ring;
  }

  /** Returns the number by which the task goes, and tells nobody of it yet. */
  submit(a: number, b: number): number {
    const { args } = this.#memory;
    const slot = slotOf(this.#submitted);
    args[2 * slot] = a;
    args[2 * slot + 1] = b;
    const index = this.#submitted++;
    if (this.#submitted % publishCount === 0) this.publish();
    return index;
  }

  /** Makes known what was submitted. */
  publish(): void {
    const { control } = this.#memory;
    Atomics.store(control, words.submitted, this.#submitted);
    if (Atomics.load(control, words.isAsleep) === 1) Atomics.notify(control, words.submitted);
  }

  /** Whether its worker must be woken for the next task. */
  get isAsleep(): boolean {
    return Atomics.load(this.#memory.control, words.isAsleep) === 1;
  }

  /** How many are done. */
  get completed(): number {
    return Atomics.load(this.#memory.control, words.completed);
  }

  result(index: number): number {
    return this.#memory.results[slotOf(index)]!;
  }

  /** Blocks this thread until a task is done. */
  callSync(a: number, b: number): number {
    const index = this.submit(a, b);
    this.publish();
    const { control } = this.#memory;
    for (let seen = this.#spinUntil(index + 1); seen <= index; seen = this.completed) {
      Atomics.store(control, words.isAwaited, 1);
      Atomics.wait(control, words.completed, seen);
    }
    return this.result(index);
  }

  async call(a: number, b: number): Promise<number> {
    const index = this.submit(a, b);
    this.publish();
    await this.until(index + 1);
    return this.result(index);
  }

  /** Resolves when all that was submitted is done. */
  done(): Promise<void> {
    return this.until(this.#submitted);
  }

  /** Resolves when so many are done. */
  async until(count: number): Promise<void> {
    const { control } = this.#memory;
    for (let seen = this.#spinUntil(count); seen < count; seen = this.completed) {
      Atomics.store(control, words.isAwaited, 1);
      await Atomics.waitAsync(control, words.completed, seen, lostMs).value;
    }
  }

  stop(): Promise<unknown> {
    return this.#worker.terminate();
  }

  /** Looks for a while, and returns how many are done then. */
  #spinUntil(count: number): number {
    for (let spin = 0; spin < spinCount && this.completed < count; spin++);
    return this.completed;
  }
}
