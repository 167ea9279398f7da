import type { WireError } from "../../scheduler/protocol/errors.ts";
import type { WireProgram } from "../../scheduler/wgsl/program.ts";

/** Buffers go by numbers of the parent's, which are never used again. So do programs, pipelines, tasks and reads. */
export type Id = number;

/** A way to get an adapter: by what the machine has, or by the files of a software one. */
export type AdapterSource =
  | { kind: "system" }
  /** `driver` is the JSON that Vulkan finds it by, `loader` a libvulkan for machines that have none. */
  | { kind: "software"; driver: string; loader?: string };

export type ChildSetup = {
  /** Where the package `webgpu` is. */
  webgpuUrl: string;
  /** The first that gives an adapter is taken. */
  sources: AdapterSource[];
  memoryBytes: number;
};

export type AdapterInfo = {
  /** As the driver says it: "SwiftShader driver 5.0.0". */
  name: string;
  vendor: string;
  architecture: string;
  isSoftware: boolean;
  features: string[];
  limits: Record<string, number>;
  /** What tasks and their results may take on the device before some are moved to host memory. */
  memoryBytes: number;
};

export type BindingType = "read-only-storage" | "storage" | "uniform";

/** Of each group its bindings, in the order of their numbers. */
export type Layout = { binding: number; type: BindingType; minBytes: number }[][];

export type PipelineMessage = {
  kind: "pipeline";
  id: Id;
  program: Id;
  entry: string;
  constants: Record<string, number>;
  layout: Layout;
};

/** For each binding, group by group: the buffer, or the words of a uniform. */
export type Step = [pipeline: Id, x: number, y: number, z: number, bindings: (Id | number[])[]];

export type TaskOperation = {
  kind: "task";
  id: Id;
  /** Buffers that are all zeros. */
  made: [buffer: Id, byteLength: number][];
  copied: [buffer: Id, from: Id][];
  steps: Step[];
  /** Buffers that nobody needs after it. */
  freed: Id[];
};

export type Operation =
  | TaskOperation
  | { kind: "read"; id: Id; buffer: Id; byteLength: number }
  | { kind: "free"; buffer: Id };

export type MemoryUse = {
  limitBytes: number;
  /** All that was allocated on the device, with what waits to be used again. */
  usedBytes: number;
  idleBytes: number;
  /** Buffers that were moved to host memory. */
  spilledBytes: number;
};

export type ToChild =
  | { kind: "program"; id: Id; name: string; wgsl: string }
  /** To hear what it declares, and what is wrong with it. */
  | { kind: "compile"; id: Id; name: string; wgsl: string }
  | PipelineMessage
  /** Nobody needs these any more. */
  | { kind: "forget"; program: Id; pipelines: Id[] }
  /** Some bytes of a new buffer, the first of which make it. */
  | { kind: "write"; buffer: Id; byteLength: number; from: number }
  /** What is done on the device at once; the parent hears of its end. */
  | { kind: "batch"; id: Id; operations: Operation[] }
  /** Moves buffers away, the longest unused first, until so many bytes are free or none is left. */
  | { kind: "spill"; id: Id; byteLength: number };

export type FromChild =
  | { kind: "ready"; adapter: AdapterInfo }
  | { kind: "none"; reason: string }
  | { kind: "compiled"; id: Id; program?: WireProgram; error?: WireError }
  | { kind: "done"; id: Id; errors: [task: Id, error: WireError][] }
  | { kind: "part"; read: Id; from: number }
  | { kind: "unread"; read: Id; error: WireError }
  | { kind: "spilled"; id: Id; use: MemoryUse }
  | { kind: "lost"; reason: string };
