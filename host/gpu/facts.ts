import type { AdapterInfo } from "../../gpu/index.ts";
import type { GpuFacts } from "../../scheduler/protocol/messages.ts";

/** The limits that others may want to know; heartbeats carry them. */
const told = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
];

/** What a host says of its GPU. */
export function gpuFactsOf({
  name,
  vendor,
  isSoftware,
  features,
  limits,
  memoryBytes,
}: AdapterInfo): GpuFacts {
  return {
    ...{ name, vendor, isSoftware, features, memoryBytes },
    limits: Object.fromEntries(
      told.flatMap((limit) => (limits[limit] === undefined ? [] : [[limit, limits[limit]]])),
    ),
  };
}
