import { InvalidTaskError, ObjectLostError } from "../../scheduler/protocol/errors.ts";
import type { Binding, Entry, Program } from "../../scheduler/wgsl/program.ts";
import { leastBytes, nameOf, type ScalarName, type Shape, scalarOf } from "../../scheduler/wgsl/shape.ts";
import type { BufferSource, Bytes, GpuStep, GpuTask } from "../programs/task.ts";
import { layUniform } from "../programs/uniform.ts";
import type { Id, Step, TaskOperation } from "../wire/messages.ts";
import { GpuBuffer } from "./buffer.ts";

export type LowerDeps = {
  /** The device's process; buffers of another are lost. */
  life: number;
  limits: Readonly<Record<string, number>>;
  nextId(): Id;
  pipelineOf(program: Program, entry: Entry, constants: Readonly<Record<string, number>>): Id;
};

export type Lowered = {
  operation: Omit<TaskOperation, "id">;
  written: { buffer: Id; bytes: Bytes }[];
  results: Record<string, GpuBuffer>;
};

type Known = { id: Id; byteLength: number; source: BufferSource };

/**
 * What a task is for the device's process, checked against what its programs declare.
 * @throws InvalidTaskError that names the binding; ObjectLostError for a buffer that is gone
 */
export function lowerTask(task: GpuTask, deps: LowerDeps): Lowered {
  const written: Lowered["written"] = [];
  const made: TaskOperation["made"] = [];
  const copied: TaskOperation["copied"] = [];
  const buffers = new Map<string, Known>();
  for (const name in task.buffers) {
    const source = task.buffers[name]!;
    const byteLength =
      source instanceof GpuBuffer || !("copyOf" in source) ? source.byteLength : source.copyOf.byteLength;
    checkSize(name, byteLength, deps.limits);
    if (source instanceof GpuBuffer) {
      checkBuffer(name, source, deps.life);
      buffers.set(name, { id: source.id, byteLength, source });
      continue;
    }
    const id = deps.nextId();
    buffers.set(name, { id, byteLength, source });
    if (ArrayBuffer.isView(source)) written.push({ buffer: id, bytes: source });
    else if ("copyOf" in source) {
      checkBuffer(name, source.copyOf, deps.life);
      copied.push([id, source.copyOf.id]);
    } else made.push([id, byteLength]);
  }
  const steps = task.steps.map((step) => lowerStep(step, buffers, deps));
  const results: Record<string, GpuBuffer> = {};
  for (const name of task.results) {
    const known = buffers.get(name);
    if (known === undefined) throw invalid(name, `there is no buffer ${name} that could be a result`);
    if (known.source instanceof GpuBuffer) throw invalid(name, `${name} is a buffer already, and no result`);
    results[name] = new GpuBuffer(known.id, deps.life, known.byteLength);
  }
  const freed: Id[] = [];
  for (const [name, { id, source }] of buffers) {
    if (!(source instanceof GpuBuffer) && results[name] === undefined) freed.push(id);
  }
  return { operation: { kind: "task", made, copied, steps, freed }, written, results };
}

function lowerStep(step: GpuStep, buffers: Map<string, Known>, deps: LowerDeps): Step {
  const { program, workgroups, constants = none, uniforms = none, buffers: renamed = none } = step;
  const entry = entryOf(program, step.entry);
  const at = `${program.name}, ${entry.name}`;
  checkConstants(at, program, constants);
  const bindings: Step[4] = [];
  /** Which variable has a buffer, to tell those that are written to and anything else. */
  const users = new Map<Id, Binding>();
  for (const binding of entry.bindings) {
    if (binding.access === "uniform") {
      const value = uniforms[binding.name];
      if (value === undefined) throw invalid(binding.name, `${at}: the uniform ${binding.name} is missing`);
      bindings.push(layUniform(`${at}: ${binding.name}`, binding.shape, value));
      continue;
    }
    const name = renamed[binding.name] ?? binding.name;
    const known = buffers.get(name);
    if (known === undefined)
      throw invalid(binding.name, `${at}: there is no buffer ${name} for ${binding.name}`);
    checkFit(at, binding, known);
    const other = users.get(known.id);
    if (other !== undefined && (other.access === "read_write" || binding.access === "read_write")) {
      throw invalid(
        binding.name,
        `${at}: ${other.name} and ${binding.name} are the same buffer, and it is written to`,
      );
    }
    users.set(known.id, binding);
    bindings.push(known.id);
  }
  checkNames(at, entry, "uniform", uniforms);
  checkNames(at, entry, "buffer", renamed);
  const [x, y = 1, z = 1] = workgroups;
  const most = deps.limits.maxComputeWorkgroupsPerDimension ?? 65_535;
  for (const count of [x, y, z]) {
    if (!Number.isInteger(count) || count < 0 || count > most) {
      throw new InvalidTaskError(`${at}: workgroups are from 0 to ${most} in each dimension, not ${count}`);
    }
  }
  return [deps.pipelineOf(program, entry, constants), x, y, z, bindings];
}

const none: Readonly<Record<string, never>> = {};

function entryOf(program: Program, name: string | undefined): Entry {
  const [only] = program.entries.values();
  if (name === undefined && program.entries.size === 1) return only!;
  const entry = program.entries.get(name ?? "");
  if (entry !== undefined) return entry;
  const names = [...program.entries.keys()].join(", ");
  throw new InvalidTaskError(`${program.name} has the entry points ${names}, and was asked for ${name}`, {
    data: { program: program.name },
  });
}

function checkConstants(at: string, program: Program, constants: Readonly<Record<string, number>>): void {
  for (const name in constants) {
    if (!program.constants.has(name)) throw new InvalidTaskError(`${at}: there is no constant ${name}`);
    if (typeof constants[name] !== "number")
      throw new InvalidTaskError(`${at}: the constant ${name} is a number`);
  }
  for (const [name, { isRequired }] of program.constants) {
    if (isRequired && constants[name] === undefined) {
      throw new InvalidTaskError(`${at}: the constant ${name} has no default and is missing`);
    }
  }
}

function checkNames(at: string, entry: Entry, what: "uniform" | "buffer", given: object): void {
  for (const name in given) {
    const binding = entry.bindings.find((each) => each.name === name);
    if (binding === undefined || (binding.access === "uniform") !== (what === "uniform")) {
      throw invalid(name, `${at} uses no ${what} ${name}`);
    }
  }
}

function checkFit(at: string, { name, access, shape }: Binding, { byteLength, source }: Known): void {
  const type = nameOf(shape);
  if (access === "read_write" && source instanceof GpuBuffer) {
    throw invalid(
      name,
      `${at}: ${name} is written to, and a buffer never changes`,
      "Give { copyOf: buffer }.",
    );
  }
  const least = leastBytes(shape);
  if (byteLength < least && !(byteLength === 0 && isRuntime(shape))) {
    throw invalid(name, `${at}: ${name} is ${type}, of at least ${least} bytes, given ${byteLength}`);
  }
  if (isRuntime(shape) && byteLength % shape.stride !== 0) {
    throw invalid(name, `${at}: ${name} is ${type}, of ${shape.stride} bytes each, given ${byteLength}`);
  }
  if (!ArrayBuffer.isView(source)) return;
  const scalar = scalarOf(shape);
  const given = scalarOfArray(source);
  if (scalar !== undefined && given !== undefined && given !== scalar) {
    throw invalid(name, `${at}: ${name} is ${type}, given a ${source.constructor.name}`);
  }
}

const isRuntime = (shape: Shape): shape is Shape & { kind: "array" } =>
  shape.kind === "array" && shape.count === 0;

/** What a typed array has; undefined for plain bytes, which may be anything. */
function scalarOfArray(bytes: Bytes): ScalarName | "none" | undefined {
  if (bytes instanceof Float32Array) return "f32";
  if (bytes instanceof Uint32Array) return "u32";
  if (bytes instanceof Int32Array) return "i32";
  return bytes instanceof Uint8Array || bytes instanceof DataView ? undefined : "none";
}

function checkSize(name: string, byteLength: unknown, limits: Readonly<Record<string, number>>): void {
  const most = Math.min(limits.maxBufferSize ?? 0, limits.maxStorageBufferBindingSize ?? 0);
  const isSize = Number.isInteger(byteLength) && (byteLength as number) >= 0;
  if (isSize && (byteLength as number) <= most) return;
  throw invalid(name, `${name}: a buffer has from 0 to ${most} bytes, not ${byteLength}`);
}

/** @throws ObjectLostError, InvalidTaskError for one that was freed */
export function checkBuffer(name: string, buffer: GpuBuffer, life: number): void {
  if (buffer.isFreed) throw invalid(name, `${name} was freed`);
  if (buffer.life === life) return;
  throw new ObjectLostError(`${name} was lost with the process of the GPU that had it`, {
    data: { reason: "gpu-process" },
  });
}

const invalid = (binding: string, message: string, remedy?: string) =>
  new InvalidTaskError(message, { data: { binding }, ...(remedy === undefined ? {} : { remedy }) });
