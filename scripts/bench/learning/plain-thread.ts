// A worker thread that runs the same episode in a loop, as often as it is told, and does nothing else.
import { parentPort, workerData } from "node:worker_threads";
import type { WorkerModule } from "../../../host/worker/messages.ts";
import { kernelCall } from "../kernel-call.ts";
import type { RolloutArgs } from "./rollout-args.ts";

export type PlainThreadData = { module: WorkerModule; args: RolloutArgs };

const { module, args } = workerData as PlainThreadData;
const call = kernelCall<{ score: number }>(module, "esRollout", args);
const port = parentPort!;
port.on("message", (count: number) => {
  let sum = 0;
  for (let index = 0; index < count; index++) sum += call().result().score;
  port.postMessage(sum / count);
});
