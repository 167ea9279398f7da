import { InvalidTaskError, ModuleRejectedError } from "../../scheduler/protocol/errors.ts";
import {
  type Formula,
  type GpuDispatch,
  type GpuDispatches,
  isScalarType,
  isTypedArrayName,
  type KernelSignature,
  type Manifest,
  type ScalarType,
  type Type,
  type TypedArrayName,
} from "../../scheduler/protocol/manifest.ts";
import { mapValues } from "../../scheduler/protocol/map-values.ts";
import { evaluate, type Known } from "../../scheduler/wgsl/formula.ts";
import type { Binding, Program } from "../../scheduler/wgsl/program.ts";
import { scalarOf } from "../../scheduler/wgsl/shape.ts";
import { GpuBuffer } from "../device/buffer.ts";
import type { BufferSource, Bytes, GpuStep, GpuTask } from "../programs/task.ts";
import type { UniformValue } from "../programs/uniform.ts";

/** What a kernel is given for a parameter: a typed array of the program, one on the device, or any other value. */
export type KernelArg = Bytes | GpuBuffer | unknown;

/** What a result is outside: a typed array, or the only number of one. */
export type ResultType = TypedArrayName | ScalarType;

export type PlannedKernel = {
  task: GpuTask;
  /** By the names of the task's results. */
  results: Record<string, ResultType>;
};

/**
 * The task that a kernel with a shader is for these arguments, which are of the types of its parameters.
 * @param label `module/function`, for messages
 * @throws InvalidTaskError for sizes that are none
 */
export function planKernel(
  label: string,
  kernel: KernelSignature,
  { classes }: Pick<Manifest, "classes">,
  program: Program,
  args: readonly KernelArg[],
): PlannedKernel {
  const gpu = kernel.gpu as GpuDispatches;
  const given = new Map(kernel.params.map(({ name, type }, index) => [name, { type, arg: args[index] }]));
  const known = knownOf(given);
  const buffers: Record<string, BufferSource> = {};
  for (const [name, { type, arg }] of given) {
    if (!isBuffer(type)) continue;
    const isCopied = gpu.updates.includes(name) && arg instanceof GpuBuffer;
    buffers[name] = isCopied ? { copyOf: arg } : (arg as BufferSource);
  }
  for (const [name, length] of Object.entries(gpu.buffers)) {
    const elementBytes = elementBytesOf(bindingOf(program, gpu, name));
    buffers[name] = { byteLength: sizeOf(label, `the length of ${name}`, length, known) * elementBytes };
  }
  const steps = gpu.steps.map((step) => stepOf(label, program, step, given, known));
  return { task: { buffers, steps, results: gpu.outputs }, results: resultsOf(kernel, gpu, classes) };
}

type Given = ReadonlyMap<string, { type: Type; arg: KernelArg }>;

const isBuffer = (type: Type) => typeof type === "string" && isTypedArrayName(type);

const bytesPerElement = (type: Type) => globalThis[type as "Float32Array"].BYTES_PER_ELEMENT;

const knownOf =
  (given: Given): Known =>
  (name, member) => {
    const found = given.get(name);
    if (found === undefined) return undefined;
    const { type, arg } = found;
    if (isBuffer(type))
      return member === "length"
        ? (arg as { byteLength: number }).byteLength / bytesPerElement(type)
        : undefined;
    const value = member === undefined ? arg : (arg as Record<string, unknown>)[member];
    return typeof value === "number" ? value : undefined;
  };

function sizeOf(label: string, what: string, formula: Formula, known: Known): number {
  const size = Math.ceil(evaluate(`${label}: ${what}`, formula, known));
  if (size >= 0 && Number.isSafeInteger(size)) return size;
  throw new InvalidTaskError(`${label}: ${what} comes to ${size}`, { data: { formula } });
}

function stepOf(label: string, program: Program, step: GpuDispatch, given: Given, known: Known): GpuStep {
  const { entry, workgroups, constants = {}, uniforms = {}, buffers } = step;
  const number = (what: string) => (formula: Formula) => evaluate(`${label}: ${what}`, formula, known);
  const uniformValues: Record<string, UniformValue> = {};
  for (const { name, access } of entryOf(program, entry)) {
    if (access !== "uniform") continue;
    const computed = uniforms[name];
    const arg = given.get(name)?.arg as UniformValue | undefined;
    if (computed === undefined) {
      if (arg !== undefined) uniformValues[name] = arg;
    } else if (typeof computed === "object") {
      uniformValues[name] = mapValues(computed, number(`the uniform ${name}`));
    } else {
      uniformValues[name] = number(`the uniform ${name}`)(computed);
    }
  }
  const [x, y, z] = workgroups.map((each) => sizeOf(label, "workgroups", each, known));
  return {
    program,
    ...(entry !== undefined && { entry }),
    workgroups: [x ?? 1, y ?? 1, z ?? 1],
    constants: mapValues(constants, number("a constant")),
    uniforms: uniformValues,
    ...(buffers !== undefined && { buffers }),
  };
}

function entryOf(program: Program, name: string | undefined): readonly Binding[] {
  const [only] = program.entries.values();
  return (name === undefined ? only : program.entries.get(name))?.bindings ?? [];
}

function bindingOf(program: Program, { steps }: GpuDispatches, buffer: string): Binding {
  for (const { entry, buffers = {} } of steps)
    for (const binding of entryOf(program, entry))
      if (binding.access !== "uniform" && (buffers[binding.name] ?? binding.name) === buffer) return binding;
  throw new ModuleRejectedError(`${program.name}: no step uses the buffer ${buffer}`, {
    data: { binding: buffer },
  });
}

const elementBytesOf = ({ shape }: Binding) => (scalarOf(shape) === undefined ? 1 : 4);

function resultsOf(
  { returns }: KernelSignature,
  { outputs }: GpuDispatches,
  classes: Manifest["classes"],
): Record<string, ResultType> {
  const types =
    typeof returns === "object" && "object" in returns ? classes[returns.object]?.fields : undefined;
  return Object.fromEntries(
    outputs.map((name) => {
      const type = types === undefined ? returns : types.find((field) => field.name === name)?.type;
      if (typeof type === "string" && (isTypedArrayName(type) || isScalarType(type))) return [name, type];
      throw new ModuleRejectedError(`${name} is a result of no type that a GPU has`, {
        data: { binding: name },
      });
    }),
  );
}
