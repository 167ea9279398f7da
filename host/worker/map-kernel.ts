import { findMismatch } from "../../scheduler/manifest/fit.ts";
import { fits } from "../../scheduler/protocol/array-of.ts";
import { WrayError } from "../../scheduler/protocol/errors.ts";
import { isScalarType, type KernelSignature, type ScalarType } from "../../scheduler/protocol/manifest.ts";
import { typedArrayNameOf } from "../../scheduler/protocol/tensor.ts";
import { decodeValue, encodeValue } from "../../scheduler/protocol/value.ts";
import { numberBytes } from "../../scheduler/protocol/value-format.ts";
import type { Instance } from "./instance.ts";
import { columnOf, constantColumn, type Elements, mapStateless, oneNaNIn } from "./map-loop.ts";
import type { Meter } from "./meter.ts";
import type { Sandbox } from "./sandbox.ts";
import type { SiteCall } from "./site-call.ts";
import { liftScalar } from "./values.ts";

export type MapDeps = {
  meter: Meter;
  /** The next call of the map begins. */
  begin(): void;
};

/** Some of the calls of a map. */
type Chunk = {
  /** The index of the first in the whole map. */
  start: number;
  count: number;
  /** Arrays, in which each call has its element, and what is the same for all. */
  args: unknown[];
  /** Where the results of these calls go. */
  results: Elements;
};

/**
 * A kernel that is called once for each element of arrays. Each is a call like any other: it finds what a new instance
 * has, has its own time and seed, and fails as it would alone, with its index beside.
 *
 * There are three ways to run them, the fastest that will do: in a loop around the function, when it leaves nothing in
 * its instance; with a reset after each; and each by `Sandbox.run`, when some may have arguments that don't fit.
 */
export class MapKernel {
  readonly #call: SiteCall;
  readonly #sandbox: Sandbox;
  readonly #signature: KernelSignature | undefined;

  constructor(call: SiteCall, sandbox: Sandbox) {
    this.#call = call;
    this.#sandbox = sandbox;
    this.#signature = sandbox.signature(call.kernel);
  }

  /**
   * Runs some of the calls.
   * @param encoded the index of the first, how many they are, each argument, and the array of all results
   * @returns how many they are
   * @throws as `Sandbox.run` does, with the index of the call that has failed in the error's data
   */
  run(encoded: readonly Uint8Array[], deps: MapDeps): number {
    const [start, count, ...args] = encoded.map((each) => decodeValue(each)) as [
      number,
      number,
      ...unknown[],
    ];
    const results = (args.pop() as Elements).subarray(start, start + count);
    const chunk: Chunk = { start, count, args, results };
    const columns = this.#columnsOf(chunk);
    if (columns === undefined) this.#runEach(chunk, deps);
    else this.#runFitting(chunk, columns, deps);
    return count;
  }

  /** The arguments as the function takes them; undefined unless it is known that all fit, and so does each result. */
  #columnsOf({ start, count, args }: Chunk): Elements[] | undefined {
    const { params, returns } = this.#signature ?? {};
    if (params === undefined || !isScalarType(returns)) return undefined;
    const isLeftOut = params.slice(args.length).every(({ optional }) => optional);
    if (args.length > params.length || !isLeftOut) return undefined;
    if (this.#call.limits.maxResultBytes < numberBytes) return undefined;
    const columns: Elements[] = [];
    for (const [index, arg] of args.entries()) {
      const { type } = params[index]!;
      if (!isScalarType(type)) return undefined;
      const array = typedArrayNameOf(arg);
      if (array === undefined) {
        if (findMismatch(type, arg, {}) !== undefined) return undefined;
        columns.push(constantColumn(type, arg as number | bigint | boolean));
      } else {
        const elements = (arg as Elements).subarray(start, start + count);
        if (!fits(array, type) || elements.length < count) return undefined;
        columns.push(columnOf(type, elements));
      }
    }
    return columns;
  }

  #runFitting(chunk: Chunk, columns: Elements[], { meter, begin }: MapDeps): void {
    const { start, count, results } = chunk;
    const [call, sandbox] = [this.#call, this.#sandbox];
    const returns = this.#signature!.returns as ScalarType;
    const key = sandbox.keyFor(call);
    const raw: number[] = columns.map((column) => column[0]!);
    let instance: Instance | undefined;
    let isStateless = false;
    const position = { index: 0 };
    try {
      for (; position.index < count; position.index++) {
        const { index } = position;
        call.element = start + index;
        begin();
        if (meter.isStopped) throw meter.stopped;
        // What its start is told belongs to the call that it is made for.
        instance ??= sandbox.takeKept(key) ?? sandbox.takeFor(call);
        const kernel = instance.kernel(call.kernel);
        isStateless = kernel.isStateless;
        for (let each = 0; each < raw.length; each++) {
          const column = columns[each]!;
          raw[each] = column[column.length === 1 ? 0 : index]!;
        }
        kernel.setArgumentsLength?.(raw.length);
        results[index] = liftScalar(returns, kernel.run(...raw)) as number;
        if (isStateless) {
          position.index++;
          mapStateless(kernel.run, returns, columns, results, position, meter);
        } else if (!instance.reset()) {
          instance = undefined;
        }
      }
    } catch (error) {
      throw withIndex(sandbox.failure(call, instance, error), start + position.index);
    } finally {
      if (instance !== undefined) sandbox.putBack(instance, isStateless);
    }
    oneNaNIn(returns, results);
  }

  /** Each as if it were alone. */
  #runEach({ start, count, args, results }: Chunk, { meter, begin }: MapDeps): void {
    const [call, sandbox] = [this.#call, this.#sandbox];
    const params = this.#signature?.params ?? [];
    const elementOf = (arg: unknown, param: number, index: number): unknown => {
      const array = typedArrayNameOf(arg);
      if (array === undefined) return arg;
      const element = (arg as Elements)[index];
      return params[param]?.type === "bool" && fits(array, "bool") ? element !== 0 : element;
    };
    for (let index = 0; index < count; index++) {
      call.element = start + index;
      begin();
      try {
        if (meter.isStopped) throw meter.stopped;
        const encoded = args.map((arg, param) => encodeValue(elementOf(arg, param, start + index)));
        results[index] = decodeValue(sandbox.run(call, encoded)) as number;
      } catch (error) {
        throw withIndex(error, start + index);
      }
    }
  }
}

function withIndex(error: unknown, index: number): unknown {
  if (error instanceof WrayError) error.data.index = index;
  return error;
}
