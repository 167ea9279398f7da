import type { WireError } from "../scheduler/protocol/errors.ts";
import { type Encoded, encodeValue } from "../scheduler/protocol/value.ts";
import type { BusTask } from "./bus-task.ts";
import type { Children } from "./nested/children.ts";
import { Call, type CallEnd } from "./pool/call.ts";
import type { CallPool } from "./pool/pool.ts";
import type { Site } from "./pool/site.ts";
import type { ItemWriter } from "./ring/items.ts";
import { isWaiting, type NestedReply, type Said, type Yielded } from "./worker/messages.ts";

/** How a task of a client ended in the pool. */
export type TaskEnd =
  | { kind: "value"; value: Encoded }
  | { kind: "error"; error: WireError }
  | { kind: "returned" };

/** An encoded value that has room in a slot, or one at the beginning of a segment. */
export type CallArg = Encoded | { byteLength: number; segment: number };

/** Writes arguments, in their order. */
export function writeArgs(items: ItemWriter, args: readonly CallArg[]): void {
  for (const arg of args) {
    if (typeof arg === "number") items.number(arg);
    else if (arg instanceof Uint8Array) items.inline(arg);
    else items.segment(arg.byteLength, arg.segment);
  }
}

/** What calls of tasks tell of, the same for all. */
export type TaskCallDeps = {
  pool: CallPool;
  /** What the task submits itself; `countEnded` is to be called with each of these that has ended. */
  childrenOf(task: BusTask, countEnded: () => void): Children;
  /** The gangs that have members here. */
  gangs: {
    join(task: BusTask, answer: (reply: NestedReply) => void): void;
    moved(task: BusTask): void;
  };
  log(task: BusTask, text: string): void;
  progress(task: BusTask, fraction: number, text: string): void;
  /** The task has yielded this. */
  yielded(task: BusTask, index: number, value: Encoded): void;
  /** The task waits for others, and goes on. */
  blocked(task: BusTask): void;
  resumed(task: BusTask): void;
  ended(task: BusTask, end: TaskEnd, clock: number[] | undefined): void;
};

/** The call of a task that came to this host over the bus. */
export class TaskCall extends Call {
  readonly #deps: TaskCallDeps;
  readonly #task: BusTask;
  readonly #args: readonly CallArg[];
  #children: Children | undefined;
  #clock: number[] | undefined;
  #isBlocked = false;

  constructor(deps: TaskCallDeps, site: Site, task: BusTask, args: readonly CallArg[]) {
    super(site, task.owner ?? "", task.template.depth, task.number ?? 0);
    this.#deps = deps;
    this.#task = task;
    this.#args = args;
  }

  /** Until its own time is over, or that of the task which it belongs to. */
  override get timeoutMs(): number {
    const { dueMs, startedMs = 0 } = this.#task;
    const ownMs = super.timeoutMs;
    return dueMs === undefined ? ownMs : Math.max(Math.min(ownMs, dueMs - startedMs), 1);
  }

  override write(items: ItemWriter): void {
    writeArgs(items, this.#args);
    if (this.#task.ownSeed !== undefined) items.inline(encodeValue(this.#task.ownSeed));
  }

  override ended(end: CallEnd): void {
    this.#children?.close();
    switch (end.kind) {
      case "value":
        // A copy, because the bytes are those of a slot.
        this.#end({ kind: "value", value: end.encoded.slice() });
        return;
      case "large":
        this.#end({ kind: "value", value: new Uint8Array(end.buffer) });
        return;
      default:
        this.#end(end);
    }
  }

  override endedWithNumber(value: number): void {
    this.#children?.close();
    this.#end({ kind: "value", value });
  }

  #yielded({ index, value, waits }: Yielded): void {
    this.#deps.yielded(this.#task, index, value);
    if (waits) this.#task.window!.wait(index + 1, (count) => this.#answer({ kind: "taken", count }));
  }

  /** Ends its wait. */
  #answer(reply: NestedReply): void {
    this.#resume();
    this.#deps.pool.reply(this, reply);
  }

  #block(): void {
    this.#isBlocked = true;
    this.#deps.blocked(this.#task);
  }

  #resume(): void {
    if (!this.#isBlocked) return;
    this.#isBlocked = false;
    this.#deps.resumed(this.#task);
  }

  #end(end: TaskEnd): void {
    this.#resume();
    this.#deps.ended(this.#task, end, this.#clock);
  }

  override said(message: Said): void {
    const { pool, gangs, log, progress, childrenOf } = this.#deps;
    // First, since the answer may come at once.
    if (isWaiting(message)) this.#block();
    else if (message.kind === "goesOn") this.#resume();
    switch (message.kind) {
      case "log":
        log(this.#task, message.text);
        return;
      case "progress":
        progress(this.#task, message.fraction, message.text);
        return;
      case "readings":
        this.#clock = message.clock;
        return;
      case "item":
        this.#yielded(message);
        return;
      case "join":
        gangs.join(this.#task, (reply) => this.#answer(reply));
        return;
      case "moved":
        gangs.moved(this.#task);
        return;
      case "waits":
      case "goesOn":
        return;
      default:
        this.#children ??= childrenOf(this.#task, () => pool.countEnded(this));
        this.#children.hear(message, (reply) => this.#answer(reply));
    }
  }
}
