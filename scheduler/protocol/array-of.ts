import type { ScalarType, TypedArrayName } from "./manifest.ts";

/** Typed arrays of numbers whose elements all fit a type of that many bits. */
const upToU8 = ["Uint8Array", "Uint8ClampedArray"] as const;
const upToU16 = [...upToU8, "Uint16Array"] as const;
const upToI16 = [...upToU8, "Int8Array", "Int16Array"] as const;
const upToI32 = [...upToI16, "Uint16Array", "Int32Array"] as const;
/** A float takes any number, as in a single call, and is rounded where it has fewer bits. */
const allNumbers = [...upToI32, "Uint32Array", "Float32Array", "Float64Array"] as const;

/** For each type, the typed array that holds its values exactly, and all whose elements fit it. */
const arrays: Record<ScalarType, { own: TypedArrayName; fitting: readonly TypedArrayName[] }> = {
  bool: { own: "Uint8Array", fitting: ["Uint8Array"] },
  i8: { own: "Int8Array", fitting: ["Int8Array"] },
  u8: { own: "Uint8Array", fitting: upToU8 },
  i16: { own: "Int16Array", fitting: upToI16 },
  u16: { own: "Uint16Array", fitting: upToU16 },
  i32: { own: "Int32Array", fitting: upToI32 },
  u32: { own: "Uint32Array", fitting: [...upToU16, "Uint32Array"] },
  i64: { own: "BigInt64Array", fitting: ["BigInt64Array"] },
  u64: { own: "BigUint64Array", fitting: ["BigUint64Array"] },
  f32: { own: "Float32Array", fitting: allNumbers },
  f64: { own: "Float64Array", fitting: allNumbers },
};

/** The typed array that holds results of this type, each exactly; a bool is 0 or 1. */
export const arrayOf = (type: ScalarType): TypedArrayName => arrays[type].own;

/**
 * Whether each element of such an array can be an argument of this type, whatever the elements are. As a bool, any but
 * 0 is true.
 */
export const fits = (array: TypedArrayName, type: ScalarType): boolean =>
  arrays[type].fitting.includes(array);
