import type { ASUtil } from "@assemblyscript/loader";
import { isTypedArrayName, type Manifest, type Type } from "../../scheduler/protocol/manifest.ts";

/**
 * Puts a value of this type where a kernel takes it: a number as it is, anything else into the module's memory.
 * The value has been checked against the type.
 */
export function lower(
  exports: ASUtil,
  { runtimeIds }: Manifest,
  type: Type,
  value: unknown,
): number | bigint {
  if (type === "string") return exports.__newString(value as string);
  if (type === "ArrayBuffer") return exports.__newArrayBuffer(value as ArrayBuffer);
  if (isTypedArrayName(type)) return exports.__newArray(runtimeIds[type]!, value as never);
  return type === "bool" ? Number(value) : (value as number | bigint);
}

/** What a kernel returned, as a value of this type. A typed array is a view of the module's memory. */
export function lift(exports: ASUtil, type: Type, raw: number | bigint): unknown {
  const number = raw as number;
  switch (type) {
    case "void":
      return undefined;
    case "bool":
      return number !== 0;
    // WebAssembly has only i32 and i64: the narrower and the unsigned are cut out of them.
    case "i8":
      return (number << 24) >> 24;
    case "u8":
      return number & 0xff;
    case "i16":
      return (number << 16) >> 16;
    case "u16":
      return number & 0xffff;
    case "u32":
      return number >>> 0;
    case "u64":
      return BigInt.asUintN(64, raw as bigint);
    case "string":
      return exports.__getString(number);
    case "ArrayBuffer":
      return exports.__getArrayBuffer(number);
    default:
      return isTypedArrayName(type) ? exports[viewGetters[type]]!(number) : raw;
  }
}

/** By type: `__getArrayView` takes a subarray for the whole of its buffer. */
const viewGetters = {
  Int8Array: "__getInt8ArrayView",
  Uint8Array: "__getUint8ArrayView",
  Uint8ClampedArray: "__getUint8ClampedArrayView",
  Int16Array: "__getInt16ArrayView",
  Uint16Array: "__getUint16ArrayView",
  Int32Array: "__getInt32ArrayView",
  Uint32Array: "__getUint32ArrayView",
  BigInt64Array: "__getInt64ArrayView",
  BigUint64Array: "__getUint64ArrayView",
  Float32Array: "__getFloat32ArrayView",
  Float64Array: "__getFloat64ArrayView",
} as const;
