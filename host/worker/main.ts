import { parentPort, threadId } from "node:worker_threads";
import { ModuleRejectedError, toWireError } from "../../scheduler/protocol/errors.ts";
import { decodeValue, encodeValue } from "../../scheduler/protocol/value.ts";
import type { FromWorker, ToWorker, WorkerCall, WorkerModule, WorkerResult } from "./messages.ts";
import { Sandbox } from "./sandbox.ts";
import { mostFrames } from "./trap.ts";

// A worker thread: it keeps a sandbox for each module that it has met, and runs one call at a time.

Error.stackTraceLimit = mostFrames;

const port = parentPort!;
const modules = new Map<string, WorkerModule>();
const sandboxes = new Map<string, Sandbox>();
let taskId = "";

const post = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

port.on("message", (message: ToWorker) => {
  if (message.kind === "module") modules.set(message.module.sha256, message.module);
  else run(message.call);
});
post({ kind: "ready" });

function run(call: WorkerCall): void {
  taskId = call.id;
  try {
    const value = sandboxOf(call.sha256).run(call.kernel, call.args.map(decodeValue), encodeValue);
    post({ kind: "result", result: { value } satisfies WorkerResult }, [value.buffer]);
  } catch (error) {
    post({ kind: "result", result: { error: toWireError(error) } });
  }
}

function sandboxOf(sha256: string): Sandbox {
  const known = sandboxes.get(sha256);
  if (known !== undefined) return known;
  const { wasm, manifest } = modules.get(sha256)!;
  try {
    const sandbox = new Sandbox(wasm, manifest, (text) => post({ kind: "log", taskId, text }));
    sandboxes.set(sha256, sandbox);
    return sandbox;
  } catch (error) {
    throw new ModuleRejectedError(`module ${manifest.module} can't be started: ${(error as Error).message}`, {
      data: { module: manifest.module, thread: threadId },
      cause: error,
    });
  }
}
