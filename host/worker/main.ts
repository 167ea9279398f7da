import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { toWireError } from "../../scheduler/protocol/errors.ts";
import { decodeValue } from "../../scheduler/protocol/value.ts";
import { HostFunctions } from "./host-functions.ts";
import { KeptInstances } from "./kept-instances.ts";
import type { FromWorker, NestedReply, ToWorker, WorkerCall, WorkerResult } from "./messages.ts";
import { Meter } from "./meter.ts";
import { Nested } from "./nested.ts";
import { Outbox } from "./outbox.ts";
import { Sandbox } from "./sandbox.ts";
import { mostFrames } from "./trap.ts";

// A worker thread: it keeps a sandbox for each module that it has met, and runs one call at a time.

Error.stackTraceLimit = mostFrames;

const port = parentPort!;
const control = new Int32Array(workerData as SharedArrayBuffer);
const sandboxes = new Map<string, Sandbox>();
const kept = new KeptInstances();

const post = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
const receive = () => receiveMessageOnPort(port)?.message as NestedReply | undefined;

const meter = new Meter(control);
const outbox = new Outbox({ meter, control, post });
const nested = new Nested({ meter, control, post: outbox.send, receive });
const host = new HostFunctions({ meter, nested, post: outbox.send });

port.on("message", (message: ToWorker) => {
  switch (message.kind) {
    case "module":
      sandboxes.set(message.module.sha256, new Sandbox(message.module, host, kept));
      return;
    case "call":
      run(message.call, message.number);
  }
});
post({ kind: "ready" });

function run(call: WorkerCall, number: number): void {
  const sandbox = sandboxes.get(call.sha256)!;
  const name = `${sandbox.name}/${call.kernel}`;
  try {
    meter.begin(name, number, call.limits);
    outbox.begin();
    host.begin(name, call);
    nested.begin(name, call);
    const value = sandbox.run(name, call, call.args.map(decodeValue));
    post({ kind: "result", result: { value, clock: host.recording } satisfies WorkerResult }, [value.buffer]);
  } catch (error) {
    post({ kind: "result", result: { error: toWireError(error) } });
  }
}
