import type { WorkerCrashedError } from "../../scheduler/protocol/errors.ts";
import { mostWorkers, type Shared, workerCountWord } from "../ring/layout.ts";
import type { FromWorker, ToWorker } from "../worker/messages.ts";
import { Lane } from "./lane.ts";
import { WorkerThread } from "./worker-thread.ts";

/** How long to wait after a thread that could not even start. */
const restartMs = 1_000;
/** How long threads that took the place of blocked ones are kept when they are no longer needed. */
const spareMs = 1_000;

export type LanesDeps = {
  cpus: number;
  /** How deep calls may go. */
  stackBytes: number;
  shared: Shared;
  /** What a new worker has to know. */
  messages(): Iterable<ToWorker>;
  /** One more takes calls. */
  ready(): void;
  said(lane: Lane, message: FromWorker): void;
  exited(lane: Lane, error: WorkerCrashedError): void;
  /** It takes no calls from now on; what waits for it is to go elsewhere. */
  parked(lane: Lane): void;
  /** Whether it runs a call. */
  isBusy(lane: Lane): boolean;
};

/**
 * The workers of a pool. As many as cpus take calls. Those that are blocked have others in their place, and when they go
 * on, there are some too many, which are parked until they are needed again.
 */
export class Lanes {
  readonly all: Lane[] = [];
  readonly #deps: LanesDeps;
  #trimming: NodeJS.Timeout | undefined;
  /** Whether one more than needed is kept, parked. */
  #hasSpare = false;
  #isClosed = false;

  constructor(deps: LanesDeps) {
    this.#deps = deps;
  }

  /** Some calls may block from now on: as a thread takes long to start, there is one ready to take the place of each. */
  keepSpare(): void {
    if (this.#hasSpare) return;
    this.#hasSpare = true;
    this.keep();
  }

  /** As many threads as cpus, beside those that are blocked, take calls or are about to. */
  keep(): void {
    if (this.#isClosed) return;
    const active = this.all.filter((lane) => !lane.isBlocked && !lane.isParked);
    let surplus = active.length - this.#deps.cpus;
    // The idle ones first; one that runs a call ends it before.
    active.sort((one, other) => one.assignedCount - other.assignedCount);
    for (const lane of active.slice(0, Math.max(surplus, 0))) {
      lane.isParked = true;
      this.#deps.parked(lane);
    }
    for (const lane of this.all) {
      if (surplus >= 0) break;
      if (!lane.isParked || lane.isBlocked || lane.isRetired) continue;
      lane.isParked = false;
      surplus++;
    }
    while (surplus++ < 0 && this.all.length < mostWorkers) this.#spawn(this.all.length);
    if (this.#hasSpare && this.all.length < mostWorkers && !this.all.some(isSpare)) {
      this.#spawn(this.all.length).isParked = true;
    }
  }

  /** A thread is gone that had been ready: another takes its place, and its rings, unless nobody needs it. */
  replace(lane: Lane): void {
    if (this.#isClosed) return;
    lane.hasRetired = lane.isRetired;
    if (lane.isRetired) this.#forgetRetired();
    else this.#spawn(lane.index);
    this.keep();
  }

  /** A machine on which threads don't start now may do so later. */
  startLater({ index }: Lane): void {
    setTimeout(() => {
      if (!this.#isClosed) this.#spawn(index);
    }, restartMs).unref();
  }

  /** Ends threads that nobody needs any more, a while later. */
  trim(): void {
    const { cpus, isBusy } = this.#deps;
    const keptCount = cpus + Number(this.#hasSpare);
    if (this.#trimming !== undefined || this.#isClosed || this.all.length <= keptCount) return;
    this.#trimming = setTimeout(() => {
      this.#trimming = undefined;
      const isIdle = (lane: Lane) => !lane.isBlocked && lane.assignedCount === 0 && !isBusy(lane);
      // While nobody calls, the first ones take over from any others.
      if (this.all.every(isIdle)) {
        for (const [index, lane] of this.all.entries()) lane.isParked = index >= cpus;
      }
      // Only from the end, so that indexes stay.
      for (const lane of this.all.slice(keptCount).reverse()) {
        if (!lane.isParked || isBusy(lane)) break;
        lane.isRetired = true;
        void lane.thread.terminate();
      }
    }, spareMs).unref();
  }

  /** There are no more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#trimming);
  }

  async terminate(): Promise<void> {
    await Promise.all(this.all.map(({ thread }) => thread.terminate()));
  }

  #spawn(index: number): Lane {
    const { shared, stackBytes, messages, ready, said, exited } = this.#deps;
    const thread = new WorkerThread({
      ...{ shared, index, stackBytes, ready },
      said: (message) => said(lane, message),
      exited: (error) => exited(lane, error),
    });
    const lane = new Lane(index, thread);
    this.all[index] = lane;
    this.#count();
    for (const message of messages()) thread.post(message);
    return lane;
  }

  #forgetRetired(): void {
    while (this.all.at(-1)?.hasRetired) this.all.pop();
    this.#count();
  }

  #count(): void {
    Atomics.store(this.#deps.shared.words, workerCountWord, this.all.length);
  }
}

const isSpare = ({ isParked, isBlocked, isRetired }: Lane) => isParked && !isBlocked && !isRetired;
