import type { WireError } from "../../scheduler/protocol/errors.ts";
import type { Manifest } from "../../scheduler/protocol/manifest.ts";

/** A module as a worker gets it, once. */
export type WorkerModule = { sha256: string; wasm: WebAssembly.Module; manifest: Manifest };

/** One task for a worker. Arguments are encoded values, small ones copied, large ones in shared memory. */
export type WorkerCall = {
  id: string;
  sha256: string;
  kernel: string;
  args: Uint8Array[];
};

export type ToWorker = { kind: "module"; module: WorkerModule } | { kind: "call"; call: WorkerCall };

/** What a worker made of a call: an encoded value, or why there is none. */
export type WorkerResult = { value: Uint8Array } | { error: WireError };

export type FromWorker =
  /** It has started and can take calls. */
  | { kind: "ready" }
  | { kind: "result"; result: WorkerResult }
  /** A line that the running task writes to the host's log. */
  | { kind: "log"; taskId: string; text: string };
