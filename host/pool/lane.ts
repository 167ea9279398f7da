import type { WireError } from "../../scheduler/protocol/errors.ts";
import type { Call } from "./call.ts";
import type { WorkerThread } from "./worker-thread.ts";

/** How many calls may be in a ring that moves. More make nothing faster, and would have to be taken back. */
const mostAssigned = 1_024;
const firstWindow = 64;
/** About what it takes to wake a worker, with what that costs others on a machine whose cpus are all taken. */
const wakeMs = 0.3;

/** One worker with its rings, and what its host knows of it. */
export class Lane {
  readonly index: number;
  readonly thread: WorkerThread;
  /** Calls in its ring, or taken out of it and not completed. */
  assignedCount = 0;
  /** Calls that it has completed since it was looked after last. */
  completedCount = 0;
  /** The call that it was seen with, and since when. */
  seen: { call: Call; ticket: number; sinceMs: number } | undefined;
  /** The call that was told to end. */
  stopping: { call: Call; sinceMs: number } | undefined;
  /** The call that waits for tasks of its own. */
  blocked: Call | undefined;
  /** Nobody needs it: it is about to end, or has ended. */
  isRetired = false;
  hasRetired = false;
  /** Results that are too large for a slot, which their completions follow. */
  readonly results: SharedArrayBuffer[] = [];
  #window = firstWindow;
  #pace = 0;

  constructor(index: number, thread: WorkerThread) {
    this.index = index;
    this.thread = thread;
  }

  get isBlocked(): boolean {
    return this.blocked !== undefined;
  }

  get isParked(): boolean {
    return this.thread.isParked;
  }

  set isParked(isParked: boolean) {
    this.thread.isParked = isParked;
  }

  get takesCalls(): boolean {
    return (
      !this.isRetired && this.thread.isReady && !this.thread.hasEnded && !this.isBlocked && !this.isParked
    );
  }

  /** How many calls it may have. */
  get window(): number {
    return this.#window;
  }

  /** It had nothing left to do while calls were waiting. */
  widen(): void {
    this.#window = Math.min(mostAssigned, 2 * this.#window);
  }

  /** How many calls it does in the time that it takes to wake another worker, as far as is known. */
  get pace(): number {
    return this.#pace;
  }

  /** Finds out its pace, before the window is adapted. @param elapsedMs since the last time */
  measure(elapsedMs: number): void {
    if (this.completedCount > 0) {
      this.#pace = Math.max((this.completedCount * wakeMs) / elapsedMs, this.#pace / 2);
    } else if (this.assignedCount > 0) {
      this.#pace = 0;
    }
  }

  /**
   * Adapts the window to what it has done since the last look. True when it holds more than it does in about that time: a
   * call that takes long keeps what is behind it from whoever is free.
   */
  isTooFull(): boolean {
    const done = this.completedCount;
    this.completedCount = 0;
    if (this.assignedCount <= 1) {
      if (done > 0) this.#window = Math.min(mostAssigned, Math.max(firstWindow, 2 * done));
      return false;
    }
    this.#window = Math.min(mostAssigned, Math.max(1, 2 * done));
    return this.assignedCount > this.#window + 1;
  }

  takeResult(segment: number | undefined): SharedArrayBuffer | undefined {
    return segment === undefined || segment === 0 ? undefined : this.results.shift();
  }

  /** So it can be told whether a thread has outlived what was done to it. */
  withThread(error: WireError): WireError {
    return { ...error, data: { ...error.data, thread: this.thread.threadId } };
  }
}
