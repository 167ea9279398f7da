import type { Type } from "./compiler.ts";

/** Why a value cannot cross, and what to write instead. */
export type Obstacle = { reason: string; remedy: string };

/** What holds the same elements and can cross. */
const typedArrayOf: Record<string, string> = {
  i8: "Int8Array",
  u8: "Uint8Array",
  bool: "Uint8Array",
  i16: "Int16Array",
  u16: "Uint16Array",
  i32: "Int32Array",
  u32: "Uint32Array",
  i64: "Int64Array",
  u64: "Uint64Array",
  f32: "Float32Array",
  f64: "Float64Array",
};

/** Says why no value of this type can be given to a kernel or returned by it. */
export function obstacle(type: Type): Obstacle {
  const name = type.toString();
  if (type.isFunction) {
    return {
      reason: "a function cannot cross",
      remedy: "Pass the data, and choose the function inside the kernel.",
    };
  }
  if (name === "isize" || name === "usize") {
    return { reason: "an address means nothing outside the sandbox", remedy: "Use i32, u32, i64 or u64." };
  }
  if (name === "v128") {
    return {
      reason: "a SIMD vector cannot cross",
      remedy: "Pass a typed array and load the vector from it.",
    };
  }
  if (type.getClass() === null) {
    return { reason: "a host's object means nothing elsewhere", remedy: "Pass its data." };
  }
  if (type.isNullableReference) {
    return { reason: "null cannot cross", remedy: "Drop `| null` and let an empty value mean none." };
  }
  if (/^~lib\/(array\/Array|staticarray\/StaticArray)</.test(name)) {
    const element = type.getClass()?.typeArguments?.[0]?.toString() ?? "";
    const instead = typedArrayOf[element];
    return {
      reason: "Array and StaticArray cannot cross",
      remedy: instead ? `Use ${instead}.` : "Flatten it into a typed array or a string.",
    };
  }
  return {
    reason: "an object of a class cannot cross",
    remedy: "Pass its fields one by one, or pack them into a typed array.",
  };
}
