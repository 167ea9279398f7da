import { integerRanges } from "../../scheduler/manifest/integers.ts";
import { isScalarType, type ScalarType, type Type } from "../../scheduler/protocol/manifest.ts";
import { numberBytes } from "../../scheduler/protocol/value-format.ts";
import { numberAt, numberItemWords } from "../ring/items.ts";
import type { Shared } from "../ring/layout.ts";
import { itemCountWord, itemsWord } from "../ring/slot.ts";
import type { Instance } from "./instance.ts";
import type { Sandbox } from "./sandbox.ts";
import type { SiteCall } from "./site-call.ts";
import { liftScalar } from "./values.ts";

/** More are rare; see `Sandbox`, for which they would be large. */
const mostParams = 64;

/**
 * A kernel that takes numbers, and returns one or nothing, as the calls of one site run it: nothing is made for a call.
 * Whatever is not as usual, such as an argument that does not fit or an instance that has still to be made, is left to
 * `Sandbox.run`, which also knows what to say of it.
 */
export class NumberKernel {
  readonly #call: SiteCall;
  readonly #sandbox: Sandbox;
  readonly #returns: ScalarType | "void";
  readonly #neededCount: number;
  readonly #paramCount: number;
  /** What each parameter takes; no number is from NaN to NaN. */
  readonly #isInteger: boolean[];
  readonly #least: number[];
  readonly #most: number[];
  readonly #args: number[];
  readonly #key: string;
  #argCount = 0;
  #instance: Instance | undefined;

  /** Undefined when the kernel takes or returns anything else. */
  static of(call: SiteCall, sandbox: Sandbox): NumberKernel | undefined {
    const signature = sandbox.signature(call.kernel);
    if (signature === undefined || signature.params.length > mostParams) return undefined;
    const { params, returns } = signature;
    const isScalar = params.every(({ type }) => isScalarType(type)) && isScalarOrVoid(returns);
    // A result that may not have as many bytes as a number is refused.
    if (!isScalar || call.limits.maxResultBytes < numberBytes) return undefined;
    return new NumberKernel(
      call,
      sandbox,
      params.map(({ type }) => type as ScalarType),
      params.filter(({ optional }) => !optional).length,
      returns,
    );
  }

  private constructor(
    call: SiteCall,
    sandbox: Sandbox,
    params: readonly ScalarType[],
    neededCount: number,
    returns: ScalarType | "void",
  ) {
    this.#call = call;
    this.#sandbox = sandbox;
    this.#returns = returns;
    this.#neededCount = neededCount;
    this.#paramCount = params.length;
    this.#isInteger = params.map((type) => type !== "f32" && type !== "f64");
    this.#least = params.map((type) => rangeOf(type)[0]);
    this.#most = params.map((type) => rangeOf(type)[1]);
    this.#key = sandbox.keyFor(call);
    this.#args = params.map(() => 0.5); // They are doubles, and V8 is to keep them so.
  }

  /** Whether it can run the call whose slot begins at this word. Then `run` is to follow. */
  takes({ words, floats }: Shared, start: number): boolean {
    const call = this.#call;
    const count = words[start + itemCountWord]! - Number(call.hasOwnSeed);
    if (count < this.#neededCount || count > this.#paramCount) return false;
    const args = this.#args;
    let at = start + itemsWord;
    for (let index = 0; index < count; index++, at += numberItemWords) {
      const value = numberAt(words, floats, at);
      if (value === undefined) return false;
      if (this.#isInteger[index]) {
        const isInRange = value >= this.#least[index]! && value <= this.#most[index]!;
        if (!isInRange || !Number.isInteger(value)) return false;
      }
      // There is one NaN.
      args[index] = Number.isNaN(value) ? Number.NaN : value;
    }
    if (call.hasOwnSeed) {
      if (words[at + 1] !== 0) return false;
      call.seedIn(4 * (at + 2), words[at]!);
    }
    this.#argCount = count;
    this.#instance = this.#sandbox.takeKept(this.#key);
    return this.#instance !== undefined;
  }

  /** Runs it, and returns its result. @throws as `Sandbox.run` does */
  run(): unknown {
    const instance = this.#instance!;
    this.#instance = undefined;
    const args = this.#args;
    const count = this.#argCount;
    let isStateless = false;
    try {
      const kernel = instance.kernel(this.#call.kernel);
      const { run } = kernel;
      isStateless = kernel.isStateless;
      kernel.setArgumentsLength?.(count);
      let raw: number | bigint;
      if (count === 2) raw = run(args[0]!, args[1]!);
      else if (count === 1) raw = run(args[0]!);
      else if (count === 0) raw = run();
      else if (count === 3) raw = run(args[0]!, args[1]!, args[2]!);
      else raw = run(...args.slice(0, count));
      return this.#returns === "void" ? undefined : liftScalar(this.#returns, raw);
    } catch (error) {
      throw this.#sandbox.failure(this.#call, instance, error);
    } finally {
      this.#sandbox.putBack(instance, isStateless);
    }
  }
}

const isScalarOrVoid = (type: Type): type is ScalarType | "void" => type === "void" || isScalarType(type);

/** The numbers that a type takes. */
function rangeOf(type: ScalarType): [number, number] {
  const [least, most] = integerRanges[type] ?? [];
  return typeof least === "number" ? [least, most as number] : [Number.NaN, Number.NaN];
}
