import type { WireError } from "../../scheduler/protocol/errors.ts";
import type { Capability, Limits } from "../../scheduler/protocol/limits.ts";
import type { Manifest } from "../../scheduler/protocol/manifest.ts";
import type { GangPlace } from "../../scheduler/protocol/messages.ts";
import type { Encoded } from "../../scheduler/protocol/value.ts";

/** A module as a worker gets it, once. */
export type WorkerModule = {
  sha256: string;
  /** As the host has rewritten it. */
  wasm: WebAssembly.Module;
  manifest: Manifest;
  /** The memory that it imports, if it has one. */
  memory: { initialPages: number; maximumPages?: number | undefined; isShared: boolean } | undefined;
  /** The exported functions that leave an instance as it was, however they end. */
  stateless: string[];
  /** Whether an instance can be put back to what it was before a task. */
  isReusable: boolean;
};

/** What many calls have in common: a kernel and how it is to be run. */
export type WorkerSite = {
  sha256: string;
  kernel: string;
  limits: Limits;
  grant: readonly Capability[];
  /** Where the seed of a call's random numbers comes from, and what its clock says when it is a replay. */
  seed: SeedSource;
  clock?: readonly number[] | undefined;
  /** They may yield items, so many before anybody has taken one. */
  stream?: number | undefined;
  /** Which member of a gang its call is. */
  gang?: GangPlace | undefined;
  /** Whether each of its calls is many: one for each element of arrays. See `map-kernel.ts`. */
  isMap: boolean;
  /** Whether the kernel is an actor class, and each of its calls a turn of an actor. See `actor-turns.ts`. */
  isActor?: boolean | undefined;
};

export type SeedSource =
  /** It is the task's id: this, and the call's number in base 36. */
  | { kind: "numbered"; prefix: string }
  /** The last item of a call is a string, which is its own. */
  | { kind: "item" };

/** One task, as it is run. */
export type WorkerCall = {
  sha256: string;
  kernel: string;
  limits: Limits;
  grant: readonly Capability[];
  /** Of its random numbers. */
  readonly seed: string;
  /** What the clock says, when the task is a replay. */
  clock?: readonly number[] | undefined;
  /** How many tasks it is nested in. */
  depth: number;
  /** How many items that nobody has taken it may have yielded; undefined when it may yield none. */
  stream?: number | undefined;
  /** Which member of a gang it is, if it is one. */
  gang?: GangPlace | undefined;
  /** Whether it is one of the many of a map. */
  isMap?: boolean;
};

/** What is posted to a worker. Calls come in slots of shared memory; what they name was posted before. */
export type ToWorker =
  | { kind: "module"; module: WorkerModule }
  | { kind: "site"; index: number; site: WorkerSite }
  | { kind: "segment"; id: number; buffer: SharedArrayBuffer }
  | { kind: "forget"; segment: number }
  /** To the call of this ticket, which may have ended meanwhile. */
  | { kind: "reply"; ticket: number; reply: NestedReply };

export type FromWorker =
  /** It has started and can take calls. */
  | { kind: "ready" }
  /** The host is to look what was completed. */
  | { kind: "wake" }
  /** The result of the call that is completed next is in this memory, which the worker has made for it. */
  | { kind: "result"; buffer: SharedArrayBuffer }
  /** What the task in this slot says, or asks for, while it runs. */
  | { kind: "said"; slot: number; ticket: number; message: Said };

/** What a running task makes its worker tell the host. */
export type Said =
  /** A line that it writes to the host's log. */
  | { kind: "log"; text: string }
  | { kind: "progress"; fraction: number; text: string }
  /** What its clock said, reading by reading; the last that it says. */
  | { kind: "readings"; clock: number[] }
  | Yielded
  | NestedRequest
  | GangRequest;

/** What a running task asks for of its own; `ref` is a number that the task chose for what it will get. */
export type NestedRequest =
  | { kind: "submit"; ref: number; kernel: string; args: (Uint8Array | number)[] }
  | { kind: "put"; ref: number; value: Uint8Array }
  | { kind: "free"; ref: number }
  /** The worker is blocked until it has the value, or an error. */
  | { kind: "get"; ref: number }
  /** The worker is blocked until so many are ready, or for so long. */
  | { kind: "wait"; refs: number[]; numReturns: number; timeoutMs: number | undefined };

/**
 * What a task yields, the first with the index 0. A large value is in shared memory that was made for it. The worker goes
 * on, or is blocked until there is room for more.
 */
export type Yielded = { kind: "item"; index: number; value: Encoded; waits: boolean };

/** What a member of a gang tells its host. */
export type GangRequest =
  /** It wants to talk to the others. The worker is blocked until all do, or one never will. */
  | { kind: "join" }
  /** It has waited for another for a while, and its cpu is free; it goes on by itself, and says so. */
  | { kind: "waits" }
  | { kind: "goesOn" }
  /** There are bytes, or there is room, in a ring at whose other end the host sleeps. */
  | { kind: "moved" };

/** How a member reaches the others: by rings in memory, or in files that it has in common with another process. */
export type Peers = { board: SharedArrayBuffer; files: (number | undefined)[] };

/** Whether the worker is blocked, until it is answered or says that it goes on. */
export const isWaiting = (message: Said): boolean =>
  waitingKinds.has(message.kind) || (message.kind === "item" && message.waits);
const waitingKinds = new Set<Said["kind"]>(["get", "wait", "join", "waits"]);

/** What ends the wait of a blocked worker. */
export type NestedReply =
  | { kind: "value"; value: Uint8Array }
  | { kind: "failed"; error: WireError }
  | { kind: "ready"; refs: number[] }
  /** So many of its items were taken. */
  | { kind: "taken"; count: number }
  | { kind: "joined"; peers: Peers };
