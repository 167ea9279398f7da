import { totalmem } from "node:os";
import { InfeasibleTaskError } from "../scheduler/protocol/errors.ts";
import { type SetUp, type SetUpOptions, setUpAdapter } from "./adapter/setup.ts";
import { adapterSources } from "./adapter/sources.ts";
import { type DeviceEvent, GpuDevice } from "./device/device.ts";
import type { AdapterSource } from "./wire/messages.ts";

export { type Binding, type Entry, type Program, readProgram } from "../scheduler/wgsl/program.ts";
export type { SetUp } from "./adapter/setup.ts";
export { adapterSources } from "./adapter/sources.ts";
export { GpuBuffer } from "./device/buffer.ts";
export { type DeviceEvent, GpuDevice, type Run, type RunOptions } from "./device/device.ts";
export { type KernelArg, type PlannedKernel, planKernel, type ResultType } from "./kernels/plan-kernel.ts";
export type { BufferSource, Bytes, GpuStep, GpuTask } from "./programs/task.ts";
export type { UniformValue } from "./programs/uniform.ts";
export { chooseMatmul } from "./shaders/choose-matmul.ts";
export { type Planned, plansFor } from "./shaders/plans.ts";
export type { AdapterInfo, AdapterSource, MemoryUse } from "./wire/messages.ts";

export type OpenGpuOptions = {
  /** Where to look for an adapter; the first that has one is taken. By default hardware, then software. */
  sources?: AdapterSource[];
  /** What tasks and their results may take on the device; by default a quarter of the machine's memory, and 4 GiB at most. */
  memoryBytes?: number;
  /** The device died, is there again, or is gone for good. */
  onEvent?: (event: DeviceEvent) => void;
};

const mostMemoryBytes = 4 * 1024 ** 3;

/**
 * Starts the process of this machine's GPU.
 * @throws InfeasibleTaskError when there is none, with the reasons
 */
export async function openGpu({
  sources = adapterSources(),
  memoryBytes = Math.min(mostMemoryBytes, Math.floor(totalmem() / 4)),
  ...options
}: OpenGpuOptions = {}): Promise<GpuDevice> {
  return GpuDevice.open({ webgpuUrl: findWebgpu(), sources, memoryBytes, ...options });
}

/** Finds an adapter, or unpacks a software one into our cache folder. Never throws. */
export async function setUpGpu(options: Omit<SetUpOptions, "tryOut"> = {}): Promise<SetUp> {
  return setUpAdapter({
    ...options,
    async tryOut(sources) {
      await using device = await openGpu({ sources });
      return device.adapter;
    },
  });
}

function findWebgpu(): string {
  try {
    return import.meta.resolve("webgpu");
  } catch (error) {
    throw new InfeasibleTaskError("there is no GPU: the package webgpu is not installed beside wray", {
      cause: error,
    });
  }
}
