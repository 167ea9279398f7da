import { integerRanges } from "../../scheduler/manifest/integers.ts";
import { isScalarType, type KernelSignature, type ScalarType } from "../../scheduler/protocol/manifest.ts";
import type { Instance } from "./instance.ts";
import { liftScalar } from "./values.ts";

/** A method that takes numbers, and returns one or nothing. Whatever is not as usual is left to `Sandbox.invoke`. */
export class NumberMethod {
  readonly #exported: string;
  readonly #neededCount: number;
  readonly #returns: ScalarType | "void";
  readonly #isInteger: boolean[];
  readonly #least: number[];
  readonly #most: number[];

  /** Undefined when it takes or returns anything else. */
  static of(exported: string, { params, returns }: KernelSignature): NumberMethod | undefined {
    const isPlain = params.every(({ type }) => isNumber(type));
    if (!isPlain || !(returns === "void" || isNumber(returns))) return undefined;
    return new NumberMethod(
      exported,
      params.map(({ type }) => type as ScalarType),
      params.filter(({ optional }) => !optional).length,
      returns as ScalarType | "void",
    );
  }

  private constructor(
    exported: string,
    params: readonly ScalarType[],
    neededCount: number,
    returns: ScalarType | "void",
  ) {
    this.#exported = exported;
    this.#neededCount = neededCount;
    this.#returns = returns;
    this.#isInteger = params.map((type) => type !== "f32" && type !== "f64");
    const ranges = params.map((type) => (integerRanges[type] ?? [0, 0]) as [number, number]);
    this.#least = ranges.map(([least]) => least);
    this.#most = ranges.map(([, most]) => most);
  }

  /** Whether it takes so many arguments. */
  takesCount(count: number): boolean {
    return count >= this.#neededCount && count <= this.#isInteger.length;
  }

  /** Whether the first so many of these fit. */
  takes(args: readonly number[], count: number): boolean {
    for (let index = 0; index < count; index++) {
      if (!this.#isInteger[index]) continue;
      const value = args[index]!;
      if (!(value >= this.#least[index]! && value <= this.#most[index]!) || !Number.isInteger(value))
        return false;
    }
    return true;
  }

  /** Runs it with the first so many of these; undefined when it returns nothing. */
  run(instance: Instance, args: readonly number[], count: number): number | undefined {
    const kernel = instance.kernel(this.#exported);
    const { run } = kernel;
    kernel.setArgumentsLength?.(count);
    let raw: number | bigint;
    if (count === 1) raw = run(args[0]!);
    else if (count === 0) raw = run();
    else if (count === 2) raw = run(args[0]!, args[1]!);
    else raw = run(...args.slice(0, count));
    return this.#returns === "void" ? undefined : (liftScalar(this.#returns, raw) as number);
  }
}

/** Whether it is a number outside, rather than a bigint or a boolean. */
const isNumber = (type: KernelSignature["returns"]): boolean =>
  typeof type === "string" && isScalarType(type) && type !== "i64" && type !== "u64" && type !== "bool";
