import { toWireError, type WireError } from "../../scheduler/protocol/errors.ts";
import { timeoutError } from "../worker/meter.ts";
import type { Call } from "./call.ts";
import type { Lane } from "./lane.ts";

/** A call that looks at the time itself has ended by then; this is for all others. */
const noticeMs = 5;
/** How long a call may take to notice that it is to end, before its whole thread is ended. */
const backstopMs = 20;

export type WatchDeps = {
  lanes(): readonly Lane[];
  /** The call that a worker has begun. */
  callOn(lane: Lane): Call | undefined;
};

/** Ends calls that are to end: those that run too long, and those that it is told of. */
export class Watch {
  readonly #deps: WatchDeps;

  constructor(deps: WatchDeps) {
    this.#deps = deps;
  }

  /**
   * Tells a running call to end. One that has checks in its code notices within about a millisecond, and the thread
   * lives on; else the thread is ended.
   * @param error what the call ends with, unless it is done already; none when nobody wants to know
   */
  stop(call: Call, error: WireError | undefined): void {
    if (call.stopError !== undefined) return;
    call.stopError = error ?? null;
    const { lanes, callOn } = this.#deps;
    const lane = lanes().find((lane) => callOn(lane) === call);
    if (lane === undefined) return; // It is done.
    lane.stopping = { call, sinceMs: performance.now() };
    lane.thread.stop(call.ticket);
  }

  /** Looks at what runs; to be called every few milliseconds. */
  look(nowMs: number): void {
    for (const lane of this.#deps.lanes()) this.#lookAt(lane, nowMs);
  }

  #lookAt(lane: Lane, nowMs: number): void {
    const call = this.#deps.callOn(lane);
    if (call === undefined || call !== lane.seen?.call || call.ticket !== lane.seen.ticket) {
      lane.seen = call && { call, ticket: call.ticket, sinceMs: nowMs };
    } else if (nowMs - lane.seen.sinceMs > call.timeoutMs + noticeMs) {
      this.stop(call, toWireError(timeoutError(call.site.label, call.timeoutMs)));
    }
    const { stopping } = lane;
    if (stopping !== undefined && nowMs - stopping.sinceMs > backstopMs) {
      lane.stopping = undefined;
      void lane.thread.terminate();
    }
  }
}
