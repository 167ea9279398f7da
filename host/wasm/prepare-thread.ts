import { parentPort, workerData } from "node:worker_threads";
import { toWireError, type WireError } from "../../scheduler/protocol/errors.ts";
import { type Preparation, type PrepareOptions, prepareModule } from "./prepare.ts";

// A thread that rewrites one module.

export type PrepareWork = { bytes: Uint8Array<ArrayBuffer>; options: PrepareOptions };
export type Prepared = { preparation: Preparation } | { error: WireError };

const { bytes, options } = workerData as PrepareWork;
let prepared: Prepared;
try {
  prepared = { preparation: prepareModule(bytes, options) };
} catch (error) {
  prepared = { error: toWireError(error) };
}
parentPort!.postMessage(prepared);
