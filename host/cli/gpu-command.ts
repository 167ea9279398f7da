import { openGpu, setUpGpu } from "../../gpu/index.ts";
import { gpuFactsOf } from "../gpu/facts.ts";

/** Sees to it that this machine has an adapter. Returns whether it has. */
export async function runGpuSetup(): Promise<boolean> {
  const setUp = await setUpGpu({ onProgress: (line) => console.error(`wray: ${line}`) });
  if (setUp.isReady) {
    console.log(`${setUp.adapter} (${setUp.isSoftware ? "software" : "hardware"}) is ready`);
    return true;
  }
  console.error("wray: this machine has no GPU, and none in software could be had:");
  for (const reason of setUp.reasons) console.error(`      ${reason}`);
  return false;
}

/** Prints what a host on this machine would offer. @throws InfeasibleTaskError when that is nothing */
export async function showGpu(): Promise<void> {
  await using gpu = await openGpu();
  const { name, vendor, isSoftware, features, limits, memoryBytes } = gpuFactsOf(gpu.adapter);
  const rows = { adapter: name, vendor, kind: isSoftware ? "software" : "hardware", memoryBytes, ...limits };
  const width = Math.max(...Object.keys(rows).map((each) => each.length));
  for (const [label, value] of Object.entries(rows)) console.log(`${label.padEnd(width)}  ${value}`);
  console.log(`${"features".padEnd(width)}  ${features.join(", ")}`);
}
