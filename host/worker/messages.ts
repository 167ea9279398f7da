import type { WireError } from "../../scheduler/protocol/errors.ts";
import type { Capability, Limits } from "../../scheduler/protocol/limits.ts";
import type { Manifest } from "../../scheduler/protocol/manifest.ts";

/** A module as a worker gets it, once. */
export type WorkerModule = {
  sha256: string;
  /** As the host has rewritten it. */
  wasm: WebAssembly.Module;
  manifest: Manifest;
  /** The memory that it imports, if it has one. */
  memory: { initialPages: number; maximumPages?: number | undefined; isShared: boolean } | undefined;
  /** The names under which its mutable globals are exported. */
  globals: string[];
  /** Whether an instance can be put back to what it was before a task. */
  isReusable: boolean;
};

/** One task for a worker. Arguments are encoded values, small ones copied, large ones in shared memory. */
export type WorkerCall = {
  id: string;
  sha256: string;
  kernel: string;
  args: Uint8Array[];
  limits: Limits;
  grant: readonly Capability[];
  /** Of its random numbers. */
  seed: string;
  /** What the clock says, when the task is a replay. */
  clock?: number[] | undefined;
  /** How many tasks it is nested in. */
  depth: number;
};

/** What goes to a worker. `number` counts the calls of this worker; the stop word names one by it. */
export type ToWorker =
  | { kind: "module"; module: WorkerModule }
  | { kind: "call"; number: number; call: WorkerCall }
  | NestedReply;

/** What a worker made of a call: an encoded value, or why there is none. */
export type WorkerResult = { value: Uint8Array; clock?: number[] | undefined } | { error: WireError };

export type FromWorker =
  /** It has started and can take calls. */
  | { kind: "ready" }
  | { kind: "result"; result: WorkerResult }
  /** A line that the running task writes to the host's log. */
  | { kind: "log"; text: string }
  | { kind: "progress"; fraction: number; text: string }
  | NestedRequest;

/** What a running task asks for of its own; `ref` is a number that the task chose for what it will get. */
export type NestedRequest =
  | { kind: "submit"; ref: number; kernel: string; args: (Uint8Array | number)[] }
  | { kind: "put"; ref: number; value: Uint8Array }
  | { kind: "free"; ref: number }
  /** The worker is blocked until it has the value, or an error. */
  | { kind: "get"; ref: number }
  /** The worker is blocked until so many are ready, or for so long. */
  | { kind: "wait"; refs: number[]; numReturns: number; timeoutMs: number | undefined };

/** What ends the wait of a blocked worker. */
export type NestedReply =
  | { kind: "value"; value: Uint8Array }
  | { kind: "failed"; error: WireError }
  | { kind: "ready"; refs: number[] };
