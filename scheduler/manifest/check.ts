import { InvalidTaskError, KernelNotFoundError } from "../protocol/errors.ts";
import {
  isScalarType,
  type KernelSignature,
  type Manifest,
  type ScalarType,
  type Type,
} from "../protocol/manifest.ts";

/** @throws KernelNotFoundError naming the kernels that there are */
export function findKernel(manifest: Manifest, name: string): KernelSignature {
  const signature = manifest.kernels.find((kernel) => kernel.name === name);
  if (signature !== undefined) return signature;
  throw new KernelNotFoundError(`module ${manifest.module} has no kernel ${JSON.stringify(name)}`, {
    remedy: `It has ${manifest.kernels.map((kernel) => kernel.name).join(", ")}.`,
    data: { module: manifest.module, kernel: name },
  });
}

/** @throws InvalidTaskError unless this many arguments fit the kernel */
export function checkArgCount(kernel: string, { params }: KernelSignature, argCount: number): void {
  const neededCount = params.filter((param) => !param.optional).length;
  if (argCount >= neededCount && argCount <= params.length) return;
  const expected = neededCount === params.length ? `${neededCount}` : `${neededCount} to ${params.length}`;
  throw new InvalidTaskError(
    `${kernel} takes ${expected} argument${expected === "1" ? "" : "s"}, but got ${argCount}`,
    {
      remedy: `Call it as ${describeSignature(kernel, params)}.`,
      data: { kernel, expected: params.length, actual: argCount },
    },
  );
}

/** @throws InvalidTaskError that names the parameter and its type, unless the value fits */
export function checkArg(kernel: string, { params }: KernelSignature, index: number, value: unknown): void {
  const { name, type, optional } = params[index]!;
  if (optional && value === undefined) return;
  if (fits(type, value)) return;
  throw new InvalidTaskError(
    `${kernel}: parameter ${name} must be ${describeType(type)}, but is ${describeValue(value)}`,
    {
      remedy: `Call it as ${describeSignature(kernel, params)}.`,
      data: { kernel, parameter: name, expected: type },
    },
  );
}

/**
 * The kernel itself fills in what is left out at the end, and nothing else.
 * @throws InvalidTaskError that names an argument left out before one that is given
 */
export function checkGaps(kernel: string, { params }: KernelSignature, args: readonly unknown[]): void {
  const gap = args.indexOf(undefined);
  if (gap < 0 || args.findLastIndex((arg) => arg !== undefined) < gap) return;
  const { name, type, optional } = params[gap]!;
  if (!optional) return; // A matter of `checkArg`.
  throw new InvalidTaskError(
    `${kernel}: parameter ${name} can be left out only with all that follow, but is undefined`,
    {
      remedy: `Call it as ${describeSignature(kernel, params)}.`,
      data: { kernel, parameter: name, expected: type },
    },
  );
}

const integerRanges: Partial<Record<ScalarType, [number | bigint, number | bigint]>> = {
  i8: [-128, 127],
  u8: [0, 255],
  i16: [-32_768, 32_767],
  u16: [0, 65_535],
  i32: [-2_147_483_648, 2_147_483_647],
  u32: [0, 4_294_967_295],
  i64: [-(2n ** 63n), 2n ** 63n - 1n],
  u64: [0n, 2n ** 64n - 1n],
};

function fits(type: Type, value: unknown): boolean {
  if (type === "f32" || type === "f64") return typeof value === "number";
  if (type === "bool") return typeof value === "boolean";
  if (type === "string") return typeof value === "string";
  if (type === "void") return value === undefined;
  if (isScalarType(type)) {
    const [least, most] = integerRanges[type]!;
    if (typeof value !== typeof least) return false;
    const number = value as number | bigint;
    return number >= least && number <= most && (typeof number === "bigint" || Number.isInteger(number));
  }
  const Reference = globalThis[type] as new () => object;
  return value instanceof Reference;
}

function describeType(type: Type): string {
  switch (type) {
    case "f32":
    case "f64":
      return `${type} (a number)`;
    case "i64":
    case "u64":
      return `${type} (a bigint, such as 5n)`;
    case "bool":
      return "bool (true or false)";
    default:
      return isScalarType(type) ? `${type} (an integer from ${integerRanges[type]!.join(" to ")})` : type;
  }
}

const describeSignature = (kernel: string, params: KernelSignature["params"]) =>
  `${kernel}(${params.map(({ name, type, optional }) => `${name}${optional ? "?" : ""}: ${type}`).join(", ")})`;

function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string")
    return `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
  if (typeof value === "object" || typeof value === "function") {
    // Of its prototype: a plain object from a stranger may have a `constructor` of its own.
    const name = Object.getPrototypeOf(value)?.constructor?.name ?? "object";
    return `${/^[aeiou](?!int)/i.test(name) ? "an" : "a"} ${name}`;
  }
  return `the ${typeof value} ${String(value)}${typeof value === "bigint" ? "n" : ""}`;
}
