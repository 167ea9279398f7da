import type { Program } from "../../scheduler/wgsl/program.ts";
import type { GpuBuffer } from "../device/buffer.ts";
import type { UniformValue } from "./uniform.ts";

/** A typed array, or anything else with bytes. */
export type Bytes = ArrayBufferView<ArrayBufferLike>;

/** A buffer that a task starts with. */
export type BufferSource =
  /** Bytes of the program, which are copied to the device. */
  | Bytes
  /** A value on the device, which nothing writes to. */
  | GpuBuffer
  /** A new one, all zeros. */
  | { byteLength: number }
  /** A new one with what is in another, to be written to. */
  | { copyOf: GpuBuffer };

/** One dispatch. */
export type GpuStep = {
  program: Program;
  /** May be left out when the program has one entry point. */
  entry?: string;
  workgroups: readonly [x: number, y?: number, z?: number];
  /** Override constants. */
  constants?: Readonly<Record<string, number>>;
  uniforms?: Readonly<Record<string, UniformValue>>;
  /** The buffer for a variable, where it is not called like it. */
  buffers?: Readonly<Record<string, string>>;
};

/** Dispatches that are done one after the other, and the buffers that they share by name. */
export type GpuTask = {
  buffers: Readonly<Record<string, BufferSource>>;
  steps: readonly GpuStep[];
  /** The buffers that are left when it is done; all others that it made are gone. */
  results: readonly string[];
};
