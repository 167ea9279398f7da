import { constants } from "node:os";
import type { AdapterInfo, AdapterSource, ChildSetup } from "../wire/messages.ts";

type Dawn = { create(options: string[]): GPU };

/** Dawn crashes when what `create` gave is collected while a device of it lives. */
const kept: GPU[] = [];

export type OpenDevice = { device: GPUDevice; adapter: AdapterInfo };

/**
 * A device of the first source that has an adapter.
 * @throws Error that says of each source why it has none
 */
export async function openDevice({ webgpuUrl, sources, memoryBytes }: ChildSetup): Promise<OpenDevice> {
  const { create } = (await import(webgpuUrl)) as Dawn;
  const reasons: string[] = [];
  let fallback: GPUAdapter | undefined;
  for (const source of sources) {
    try {
      useDriver(source);
      // No options: a task's accesses out of bounds are clamped, and its memory is zeroed, unless they say otherwise.
      const gpu = create([]);
      kept.push(gpu);
      const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
      if (adapter === null) reasons.push(`${nameOf(source)}: no adapter`);
      else if (source.kind === "system" && adapter.info.isFallbackAdapter) fallback ??= adapter;
      else return await open(adapter, memoryBytes);
    } catch (error) {
      reasons.push(`${nameOf(source)}: ${(error as Error).message}`);
    }
  }
  if (fallback !== undefined) return open(fallback, memoryBytes);
  throw new Error(reasons.join("; ") || "there is nothing to look for an adapter in");
}

const nameOf = (source: AdapterSource) => (source.kind === "system" ? "the system's drivers" : source.driver);

function useDriver(source: AdapterSource): void {
  if (source.kind === "system") return;
  process.env.VK_DRIVER_FILES = source.driver;
  if (source.loader === undefined) return;
  const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
  /** It stays loaded, which Node has no name for. */
  const RTLD_NODELETE = 0x1000;
  try {
    process.dlopen({ exports: {} }, source.loader, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
  } catch (error) {
    // It is loaded, which is all that is wanted; Node misses an addon in it.
    if (!(error as Error).message.includes("did not self-register")) throw error;
  }
}

/** The limits that tasks get all of which the adapter has; of the others the defaults do. */
const wantedLimits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxUniformBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupsPerDimension",
] as const;

const wantedFeatures = ["shader-f16", "subgroups"] as const;

async function open(adapter: GPUAdapter, memoryBytes: number): Promise<OpenDevice> {
  const limits = Object.fromEntries(wantedLimits.map((name) => [name, adapter.limits[name]]));
  const features = wantedFeatures.filter((name) => adapter.features.has(name));
  const device = await adapter.requestDevice({
    requiredLimits: limits,
    requiredFeatures: features as GPUFeatureName[],
  });
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  const name = description || architecture || vendor;
  return {
    device,
    adapter: { name, vendor, architecture, isSoftware: isFallbackAdapter, features, limits, memoryBytes },
  };
}
