import type { WireError } from "../scheduler/protocol/errors.ts";
import { encodeValue } from "../scheduler/protocol/value.ts";
import type { Children } from "./nested/children.ts";
import { Call, type CallEnd } from "./pool/call.ts";
import type { Pool } from "./pool/pool.ts";
import type { Site } from "./pool/site.ts";
import type { ItemWriter } from "./ring/items.ts";
import type { NestedReply, Said } from "./worker/messages.ts";

/** How a task of a client ended in the pool. */
export type TaskEnd =
  | { kind: "value"; value: Uint8Array; clock: number[] | undefined }
  | { kind: "error"; error: WireError }
  | { kind: "returned" };

/** An encoded value that has room in a slot, or one at the beginning of a segment. */
export type CallArg = Uint8Array | { byteLength: number; segment: number };

export type TaskCallDeps = {
  pool: Pool;
  site: Site;
  owner: string;
  depth: number;
  args: readonly CallArg[];
  seed: string;
  /** What the task submits itself; `countEnded` is to be called with each of these that has ended. */
  childrenOf(countEnded: () => void): Children;
  log(text: string): void;
  progress(fraction: number, text: string): void;
  ended(end: TaskEnd): void;
};

/** The call of a task that came to this host over the bus. */
export class TaskCall extends Call {
  readonly #deps: TaskCallDeps;
  #children: Children | undefined;
  #clock: number[] | undefined;

  constructor(deps: TaskCallDeps) {
    super(deps.site, deps.owner, deps.depth, 0);
    this.#deps = deps;
  }

  override write(items: ItemWriter): void {
    for (const arg of this.#deps.args) {
      if (arg instanceof Uint8Array) items.inline(arg);
      else items.segment(arg.byteLength, arg.segment);
    }
    items.inline(encodeValue(this.#deps.seed));
  }

  override ended(end: CallEnd): void {
    this.#children?.close();
    switch (end.kind) {
      case "value":
        // A copy, because the bytes are those of a slot.
        this.#deps.ended({ kind: "value", value: end.encoded.slice(), clock: this.#clock });
        return;
      case "large":
        this.#deps.ended({ kind: "value", value: new Uint8Array(end.buffer), clock: this.#clock });
        return;
      default:
        this.#deps.ended(end);
    }
  }

  override endedWithNumber(value: number): void {
    this.ended({ kind: "value", encoded: encodeValue(value) });
  }

  override said(message: Said): void {
    switch (message.kind) {
      case "log":
        this.#deps.log(message.text);
        return;
      case "progress":
        this.#deps.progress(message.fraction, message.text);
        return;
      case "readings":
        this.#clock = message.clock;
        return;
      default: {
        const { pool } = this.#deps;
        this.#children ??= this.#deps.childrenOf(() => pool.countEnded(this));
        this.#children.hear(message, (reply: NestedReply) => pool.reply(this, reply));
      }
    }
  }
}
