import type { GpuDevice } from "../device/device.ts";
import { type MatmulVariant, matmul, matmulVariants } from "./matmul.ts";

/** Large enough that the work counts and not the way there, and some tens of ms on the slowest device. */
const size = 256;
/** The first compiles. */
const runs = 3;

const chosen = new Map<string, Promise<MatmulVariant>>();

/** The variant that is the fastest on the device's adapter; measured once for each in this process. */
export function chooseMatmul(device: GpuDevice): Promise<MatmulVariant> {
  const { name } = device.adapter;
  let choice = chosen.get(name);
  if (choice === undefined) {
    choice = measure(device);
    chosen.set(name, choice);
    choice.catch(() => chosen.delete(name));
  }
  return choice;
}

async function measure(device: GpuDevice): Promise<MatmulVariant> {
  const factor = device.write(new Float32Array(size * size).fill(1));
  const fastestMs = new Map<MatmulVariant, number>();
  for (let run = 0; run < runs; run++) {
    for (const variant of matmulVariants) {
      const startMs = performance.now();
      const { results, done } = device.run(matmul(variant, { m: size, k: size, n: size }, factor, factor));
      await done;
      device.free(results.c!);
      const ms = performance.now() - startMs;
      if (run > 0) fastestMs.set(variant, Math.min(ms, fastestMs.get(variant) ?? ms));
    }
  }
  device.free(factor);
  return matmulVariants.reduce((a, b) => (fastestMs.get(a)! <= fastestMs.get(b)! ? a : b));
}
