import type { Type } from "../protocol/manifest.ts";
import { isScalarType } from "../protocol/manifest.ts";
import { integerRanges } from "./integers.ts";

/**
 * A test of whether a value is a scalar of this type, which takes some nanoseconds. When it is false, the value may fit
 * all the same, or `findMismatch` knows what is wrong.
 */
export function quickFit(type: Type): (value: unknown) => boolean {
  if (type === "f64" || type === "f32") return (value) => typeof value === "number";
  if (type === "i32") return (value) => typeof value === "number" && (value | 0) === value;
  if (type === "bool") return (value) => typeof value === "boolean";
  if (!isScalarType(type)) return () => false;
  const [least, most] = integerRanges[type]!;
  if (typeof least === "bigint") {
    return (value) => typeof value === "bigint" && value >= least && value <= most;
  }
  return (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= Number(most);
}
