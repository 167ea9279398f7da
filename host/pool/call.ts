import type { WireError } from "../../scheduler/protocol/errors.ts";
import type { ItemWriter } from "../ring/items.ts";
import type { Said } from "../worker/messages.ts";
import type { Site } from "./site.ts";

/** What came of a call. Bytes are those of a slot, which is another call's afterwards. */
export type CallEnd =
  | { kind: "value"; encoded: Uint8Array }
  /** The encoded value, in memory that its worker has made for it. */
  | { kind: "large"; buffer: SharedArrayBuffer }
  | { kind: "error"; error: WireError }
  /** The pool gave it back before it ran to its end. */
  | { kind: "returned" };

/** What a call does and hears; the pool keeps the rest of its fields. */
export abstract class Call {
  site: Site;
  /** Whoever shares the workers fairly with others. */
  readonly owner: string;
  readonly depth: number;
  /** Of its task, by which its id is known where the site tells so. */
  readonly number: number;

  /** Where it is: in this slot, -1 while it waits. */
  slot = -1;
  ticket = 0;
  /** The worker in whose ring it was put. */
  ring = -1;
  hasEnded = false;
  /** How long it ran, in ms, in a pool that wants to know; with what it waited for others. */
  ranMs = 0;
  /** Why it was told to end, if it was; null when nobody wants to know. */
  stopError: WireError | null | undefined;
  /** Whether it goes before all that wait and are not urgent. */
  isUrgent = false;
  /** The next one that waits behind it. */
  next: Call | undefined;

  constructor(site: Site, owner: string, depth: number, number: number) {
    this.site = site;
    this.owner = owner;
    this.depth = depth;
    this.number = number;
  }

  /** How long it may run. */
  get timeoutMs(): number {
    return this.site.facts.limits.timeoutMs;
  }

  /** Writes its arguments. */
  abstract write(items: ItemWriter): void;
  /** Is called once. */
  abstract ended(end: CallEnd): void;
  /** The same, for a result that is a number. */
  abstract endedWithNumber(value: number): void;
  /** What it says while it runs. `reply` ends the wait that it asked for. */
  abstract said(message: Said): void;
}
