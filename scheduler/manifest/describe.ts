import { isScalarType, type KernelSignature, type Type, typeName } from "../protocol/manifest.ts";
import { EncodedTable, isTable } from "../protocol/table.ts";
import { Tensor } from "../protocol/tensor.ts";
import { integerRanges } from "./integers.ts";

/** A type in words: `i64 (a bigint, such as 5n)`. */
export function describeType(type: Type): string {
  if (typeof type === "object") {
    if ("nullable" in type) return `${describeType(type.nullable)} or null`;
    return `${typeName(type)} (${"object" in type ? "a plain object" : "an array"})`;
  }
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

/** How a kernel is called: `m/f(x: f64, label?: string)`. */
export const describeSignature = (kernel: string, params: KernelSignature["params"]): string =>
  `${kernel}(${params
    .map(({ name, type, optional }) => `${name}${optional ? "?" : ""}: ${typeName(type)}`)
    .join(", ")})`;

/** A value that does not fit, in a few words; anything may be given. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string")
    return `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
  if (value instanceof Tensor) return `a Tensor of ${value.dtype}`;
  if (value instanceof EncodedTable || isTable(value)) return "an Arrow table";
  if (typeof value === "object" || typeof value === "function") {
    // Of its prototype: a plain object from a stranger may have a `constructor` of its own.
    const name = Object.getPrototypeOf(value)?.constructor?.name ?? "object";
    return `${/^[aeiou](?!int)/i.test(name) ? "an" : "a"} ${name}`;
  }
  return `the ${typeof value} ${String(value)}${typeof value === "bigint" ? "n" : ""}`;
}
