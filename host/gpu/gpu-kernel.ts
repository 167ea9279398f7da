import type { GpuDevice, GpuTask, KernelArg, Run } from "../../gpu/index.ts";
import { checkArg, checkArgCount } from "../../scheduler/manifest/check.ts";
import { LimitExceededError, ObjectLostError, OutOfMemoryError } from "../../scheduler/protocol/errors.ts";
import { defaultLimits, type Limits } from "../../scheduler/protocol/limits.ts";
import {
  isScalarType,
  isTypedArrayName,
  type KernelSignature,
  type Manifest,
  type ScalarType,
  type TypedArrayName,
} from "../../scheduler/protocol/manifest.ts";
import { Tensor, type TypedArray } from "../../scheduler/protocol/tensor.ts";
import { decodeValue, type Encoded, encodeValue } from "../../scheduler/protocol/value.ts";
import { DeviceArray, DeviceValue, elements } from "./device-value.ts";
import { type GpuArg, HeldObject } from "./held-arg.ts";

/** What a task came to: a value on the device, or one that is here. */
export type GpuResult = DeviceValue | Encoded;

export type GpuRun = {
  /**
   * At once, if the result will be on the device; who uses it waits for the task, and hears of its error. Whoever has run the
   * kernel is to free it, also when that fails.
   */
  value: DeviceValue | undefined;
  /** With how long the device took for it, in ms. @throws what the task has failed with */
  ended: Promise<{ result: GpuResult; ranMs: number }>;
};

/** When the device was last seen to have done something, of all kernels. */
let doneMs = 0;

/** Makes the task of a kernel, for arguments that fit. */
export type Planner = (args: readonly KernelArg[]) => {
  task: GpuTask;
  results: Record<string, TypedArrayName | ScalarType>;
};

type RunLimits = Pick<Limits, "timeoutMs" | "memoryBytes" | "maxResultBytes">;

/** A kernel of a module, ready to be run on a device. */
export class GpuKernel {
  readonly #label: string;
  readonly #signature: KernelSignature;
  readonly #manifest: Manifest;
  readonly #device: GpuDevice | undefined;
  readonly #plan: Planner | undefined;

  /** @param plan of one that only takes a result out of several, undefined, as is its device */
  constructor(
    label: string,
    signature: KernelSignature,
    manifest: Manifest,
    device: GpuDevice | undefined,
    plan: Planner | undefined,
  ) {
    this.#label = label;
    this.#signature = signature;
    this.#manifest = manifest;
    this.#device = device;
    this.#plan = plan;
  }

  /** Whether this argument is taken where it is, when that is on a device. */
  staysOnDevice(index: number): boolean {
    const { params, gpu } = this.#signature;
    const type = params[index]?.type;
    return (typeof type === "string" && isTypedArrayName(type)) || (gpu !== undefined && "field" in gpu);
  }

  /**
   * Submits a call. What it takes stays as it is until it has ended.
   * @throws InvalidTaskError that names the parameter or the binding; OutOfMemoryError, LimitExceededError, ObjectLostError
   */
  run(given: readonly GpuArg[], limits: RunLimits): GpuRun {
    const { params, gpu } = this.#signature;
    checkArgCount(this.#label, this.#signature, given.length);
    if (gpu !== undefined && "field" in gpu) return this.#field(gpu.field, given[0]!);
    const device = this.#device!;
    const args = given.map((arg, index) => {
      const isBuffer = isTypedArrayName(params[index]!.type as TypedArrayName);
      return isBuffer ? this.#buffer(arg, index, device) : this.#value(arg, index);
    });
    const { task, results } = this.#plan!(args);
    this.#checkMemory(task, limits);
    const { timeoutMs } = limits;
    const run = device.run(task, timeoutMs === defaultLimits.timeoutMs ? {} : { timeoutMs });
    const timed = this.#timed(run.done);
    timed.catch(() => {}); // Who wants to know has it from here.
    const isScalar = Object.values(results).some((type) => isScalarType(type));
    if (isScalar) {
      const ended = this.#readScalars(run, results, device).then(async (result) => ({
        result,
        ranMs: await timed,
      }));
      ended.catch(() => {});
      return { value: undefined, ended };
    }
    const value = this.#keep(run, results, limits, device);
    const ended = timed.then((ranMs) => ({ result: value, ranMs }));
    ended.catch(() => {});
    return { value, ended };
  }

  /** How long the device took for a task: it does one after the other. */
  async #timed(done: Promise<void>): Promise<number> {
    const startMs = performance.now();
    await done;
    const nowMs = performance.now();
    const ranMs = nowMs - Math.max(startMs, doneMs);
    doneMs = nowMs;
    return ranMs;
  }

  #keep(
    run: Run,
    results: Record<string, TypedArrayName | ScalarType>,
    { maxResultBytes }: RunLimits,
    device: GpuDevice,
  ): DeviceValue {
    const arrays = Object.entries(run.results).map(
      ([name, buffer]) => [name, new DeviceArray(device, results[name] as TypedArrayName, buffer)] as const,
    );
    const isOne = isTypedArrayName(this.#signature.returns as TypedArrayName);
    const value = new DeviceValue(isOne ? arrays[0]![1] : Object.fromEntries(arrays));
    if (value.byteLength > maxResultBytes) {
      value.free();
      throw new LimitExceededError(
        `${this.#label} returns ${value.byteLength} bytes; its limit is ${maxResultBytes}`,
        {
          remedy: "Return less at once, or give the task a larger maxResultBytes.",
          data: { limit: "maxResultBytes", maxResultBytes },
        },
      );
    }
    return value;
  }

  /** Numbers are no values on a device: what comes with them is fetched, too. */
  async #readScalars(
    run: Run,
    results: Record<string, TypedArrayName | ScalarType>,
    device: GpuDevice,
  ): Promise<Encoded> {
    const values = await Promise.all(
      Object.entries(run.results).map(async ([name, buffer]) => {
        const bytes = await device.read(buffer);
        device.free(buffer);
        return [name, readAs(results[name]!, bytes.buffer as ArrayBuffer)] as const;
      }),
    );
    await run.done;
    const isOne = isScalarType(this.#signature.returns as ScalarType);
    const value = isOne ? values[0]![1] : Object.fromEntries(values);
    return typeof value === "number" ? value : encodeValue(value);
  }

  /** What one of several results is, where it is. */
  #field(name: string, arg: GpuArg): GpuRun {
    const held = arg instanceof HeldObject ? arg : undefined;
    const arrays = held?.value?.arrays;
    if (arrays !== undefined && !(arrays instanceof DeviceArray)) {
      const value = new DeviceValue(arrays[name]!.use());
      return { value, ended: Promise.resolve({ result: value, ranMs: 0 }) };
    }
    const record = this.#value(arg, 0) as Record<string, unknown>;
    const result = encodeValue(record[name]);
    return { value: undefined, ended: Promise.resolve({ result, ranMs: 0 }) };
  }

  /** The value of what is not on the device, checked. */
  #value(arg: GpuArg, index: number): unknown {
    const value = decoded(arg);
    this.#check(index, value);
    return value;
  }

  #buffer(arg: GpuArg, index: number, device: GpuDevice): KernelArg {
    const held = arg instanceof HeldObject ? arg : undefined;
    // It may be given twice, and be there since the first time.
    const value = held?.value ?? held?.object.copy;
    const there = value instanceof DeviceValue ? value.arrays : undefined;
    if (there !== undefined) {
      const [type, buffer] =
        there instanceof DeviceArray ? [there.type, there.buffer] : [undefined, undefined];
      this.#check(index, type === undefined ? {} : elements(type, new ArrayBuffer(0)));
      if (!device.has(buffer!))
        throw new ObjectLostError(`${held!.object.facts.label} was lost with the GPU`);
      return buffer;
    }
    const given = this.#value(arg, index);
    const array = given instanceof Tensor ? given.data : (given as TypedArray);
    if (held === undefined) return array;
    // The next one that takes it finds it there.
    const buffer = device.write(array);
    const type = this.#signature.params[index]!.type as TypedArrayName;
    held.object.keepCopy(new DeviceValue(new DeviceArray(device, type, buffer)));
    return buffer;
  }

  #check(index: number, value: unknown): void {
    checkArg(this.#label, this.#signature, index, value, this.#manifest.classes);
  }

  #checkMemory({ buffers }: GpuTask, { memoryBytes }: RunLimits): void {
    let bytes = 0;
    for (const source of Object.values(buffers)) {
      if ("copyOf" in source) bytes += source.copyOf.byteLength;
      else if (isNew(source)) bytes += source.byteLength;
    }
    if (bytes <= memoryBytes) return;
    throw new OutOfMemoryError(
      `${this.#label} makes ${bytes} bytes of buffers on the GPU; its limit is ${memoryBytes}`,
      {
        remedy: "Work on less at a time, or raise memoryBytes.",
        data: { kernel: this.#label, limit: "memoryBytes", memoryBytes, bytes },
      },
    );
  }
}

const isNew = (source: object) => Object.getPrototypeOf(source) === Object.prototype;

function decoded(arg: GpuArg): unknown {
  if (typeof arg === "number") return arg;
  return decodeValue(arg instanceof HeldObject ? arg.object.bytes! : arg);
}

function readAs(type: TypedArrayName | ScalarType, buffer: ArrayBuffer): unknown {
  if (isTypedArrayName(type)) return elements(type, buffer);
  const view = new DataView(buffer);
  if (type === "f32") return view.getFloat32(0, true);
  return type === "i32" ? view.getInt32(0, true) : view.getUint32(0, true);
}
