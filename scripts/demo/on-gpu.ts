import type { Client } from "wray";
import { countRows, type Digits } from "../../examples/digits/data.ts";
import { readDigits, trainNetwork } from "../../examples/digits/network.ts";
import type { Belongings } from "../belongings.ts";
import { startProgress } from "./progress.ts";
import { printReading } from "./report.ts";

const epochs = 2;

/** Trains a network on the hosts' GPU, has it read digits there and in WebAssembly, and returns its accuracy. */
export async function readOnGpu(
  wray: Client,
  digits: Digits,
  { module, belongings }: { module: string; belongings: Belongings },
): Promise<number> {
  const gpu = wray.nodes().find((node) => node.gpu !== undefined)!.gpu!;
  const lineEvery = digits.shards.length;
  const total = epochs * lineEvery;
  const progress = await belongings.start(
    async () => startProgress({ total, unit: "batches", lineEvery }),
    (progress) => progress.stop(),
  );
  const beganMs = performance.now();
  const network = await trainNetwork(wray, digits, {
    ...{ module, epochs, variant: "gpu" },
    onBatch: (count) => progress.update(count, `on ${gpu.name}`),
  });
  progress.stop();
  const trainedMs = performance.now();
  const [onGpu, inWasm] = [
    await readDigits(wray, network, digits.heldOut, { module, variant: "gpu" }),
    await readDigits(wray, network, digits.heldOut, { module, variant: "wasm" }),
  ];
  const heldOutCount = countRows(digits.heldOut);
  const sameCount = onGpu.predictions.filter((digit, index) => digit === inWasm.predictions[index]).length;
  printReading({
    ...{ gpu, heldOutCount, sameCount, correctCount: onGpu.correctCount },
    ...{ batchCount: total, tookMs: trainedMs - beganMs },
  });
  if (sameCount < heldOutCount) throw new Error("the GPU and WebAssembly do not read the same digits");
  return onGpu.correctCount / heldOutCount;
}
