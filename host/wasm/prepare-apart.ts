import source from "worker:./prepare-thread.ts";
import { Worker } from "node:worker_threads";
import { fromWireError } from "../../scheduler/protocol/errors.ts";
import { type Preparation, type PrepareOptions, prepareModule } from "./prepare.ts";
import type { Prepared, PrepareWork } from "./prepare-thread.ts";

/** Up to this a module takes some 20 ms, less than a thread takes to start. */
const smallBytes = 256 * 1024;

/**
 * `prepareModule`, in a thread of its own when it takes long: whoever waits for the host to answer must not take it for
 * dead meanwhile.
 * @param signal ends the thread
 * @throws ModuleRejectedError; what the signal gives as its reason
 */
export async function prepareApart(
  bytes: Uint8Array<ArrayBuffer>,
  options: PrepareOptions,
  signal: AbortSignal,
): Promise<Preparation> {
  if (bytes.byteLength <= smallBytes) return prepareModule(bytes, options);
  const thread = new Worker(source, {
    eval: true,
    name: "wray-prepare",
    execArgv: [],
    workerData: { bytes, options } satisfies PrepareWork,
  });
  try {
    const prepared = await new Promise<Prepared>((resolve, reject) => {
      thread.once("message", resolve);
      thread.once("error", reject);
      signal.addEventListener("abort", () => reject(signal.reason));
    });
    if ("preparation" in prepared) return prepared.preparation;
    throw fromWireError(prepared.error);
  } finally {
    await thread.terminate();
  }
}
