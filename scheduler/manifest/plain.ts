import {
  elementOf,
  isNullable,
  isTypedArrayName,
  maxValueDepth,
  type Type,
  type TypedArrayName,
  withoutNull,
} from "../protocol/manifest.ts";
import type { Classes } from "./fit.ts";

/**
 * Between values and what a client without our library can write. JSON has neither bigint, NaN nor binary, and
 * MessagePack has no arrays of numbers:
 *
 * | type                | JSON                                  | MessagePack                   |
 * |---------------------|---------------------------------------|-------------------------------|
 * | i64, u64            | decimal string (a number is taken too)| integer                       |
 * | f32, f64            | number, "NaN", "Infinity", "-Infinity"| number                        |
 * | typed array         | list of its elements                  | binary, little-endian (a list is taken too) |
 * | ArrayBuffer         | base64 string                         | binary                        |
 *
 * Arrays and objects hold the same inside; null is null.
 */
export type Format = "json" | "msgpack";

/**
 * What a plain argument means as a value of this type; what makes no sense is returned as it is, to be refused. An
 * argument that is null is left out, unless null is a value of its type.
 */
export function fromPlain(type: Type, plain: unknown, classes: Classes): unknown {
  return plain === null && !isNullable(type) ? undefined : valueFrom(type, plain, classes, 1);
}

function valueFrom(type: Type, plain: unknown, classes: Classes, depth: number): unknown {
  const due = withoutNull(type);
  if (typeof due === "string") return plainTypeValue(due, plain);
  if (plain === null || typeof plain !== "object" || depth > maxValueDepth) return plain;
  if (!("object" in due)) {
    if (!Array.isArray(plain)) return plain;
    return plain.map((element) => valueFrom(elementOf(due), element, classes, depth + 1));
  }
  const { fields } = classes[due.object]!;
  // By defining properties, not by setting them: a key may be `__proto__`.
  return Object.fromEntries(
    Object.entries(plain).map(([key, each]) => {
      const field = fields.find(({ name }) => name === key);
      return [key, field === undefined ? each : valueFrom(field.type, each, classes, depth + 1)];
    }),
  );
}

function plainTypeValue(type: Extract<Type, string>, plain: unknown): unknown {
  if (isTypedArrayName(type)) return toTypedArray(type, plain);
  // Some encoders of MessagePack write each integer with 64 bits.
  if (typeof plain === "bigint" && type !== "i64" && type !== "u64") return Number(plain);
  switch (type) {
    case "i64":
    case "u64":
      if (typeof plain === "string" && /^-?\d{1,20}$/.test(plain)) return BigInt(plain);
      return Number.isSafeInteger(plain) ? BigInt(plain as number) : plain;
    case "f32":
    case "f64":
      return typeof plain === "string" && specialNumbers.has(plain) ? Number(plain) : plain;
    case "ArrayBuffer":
      if (plain instanceof Uint8Array) return plain.slice().buffer;
      return typeof plain === "string" ? fromBase64(plain) : plain;
    default:
      return plain;
  }
}

/** A result of this type as plain data. */
export function toPlain(type: Type, value: unknown, format: Format, classes: Classes): unknown {
  if (value === undefined || value === null) return null;
  const due = withoutNull(type);
  if (typeof due === "object") {
    if (!("object" in due)) {
      return (value as unknown[]).map((each) => toPlain(elementOf(due), each, format, classes));
    }
    const object = value as Record<string, unknown>;
    return Object.fromEntries(
      classes[due.object]!.fields.map(({ name, type }) => [
        name,
        toPlain(type, object[name], format, classes),
      ]),
    );
  }
  if (isTypedArrayName(due)) {
    const array = value as Float64Array;
    if (format === "msgpack") return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    return Array.from(array as ArrayLike<number | bigint>, plainScalar);
  }
  if (value instanceof ArrayBuffer) {
    return format === "msgpack" ? new Uint8Array(value) : toBase64(new Uint8Array(value));
  }
  return format === "json" ? plainScalar(value) : value;
}

const specialNumbers = new Set(["NaN", "Infinity", "-Infinity"]);

const plainScalar = (value: unknown): unknown =>
  typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value)) ? String(value) : value;

function toTypedArray(type: TypedArrayName, plain: unknown): unknown {
  const TypedArray = globalThis[type] as unknown as { BYTES_PER_ELEMENT: number } & (new (
    from: ArrayBuffer | unknown[],
  ) => ArrayLike<unknown>);
  if (plain instanceof Uint8Array) {
    return plain.byteLength % TypedArray.BYTES_PER_ELEMENT === 0
      ? new TypedArray(plain.slice().buffer)
      : plain;
  }
  if (!Array.isArray(plain)) return plain;
  const isFloat = type.startsWith("Float");
  const isBig = type.startsWith("Big");
  const elements = plain.map((element) => plainTypeValue(isFloat ? "f64" : isBig ? "i64" : "i32", element));
  if (!elements.every((element) => typeof element === (isBig ? "bigint" : "number"))) return plain;
  const array = new TypedArray(elements);
  // An integer that does not fit would wrap around: refuse it instead.
  return isFloat || elements.every((element, index) => element === array[index]) ? array : plain;
}

function fromBase64(encoded: string): ArrayBuffer | string {
  try {
    return Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0)).buffer;
  } catch {
    return encoded;
  }
}

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
