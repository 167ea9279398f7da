import {
  type ClassLayout,
  elementOf,
  isNullable,
  isTypedArrayName,
  type ScalarType,
  type Type,
  withoutNull,
} from "../../scheduler/protocol/manifest.ts";
import type { Random } from "../scheduler/seeds.ts";
import { assert } from "../support/index.ts";

// Values of any type that a kernel can take: made at random, hashed as tests/kernels/fixtures/shared/hash.ts does, and
// compared to the last bit.

type Classes = Record<string, ClassLayout>;

/** A value of this type; the deeper, the sooner nullable ones are null and arrays empty. */
export function anyValue(type: Type, classes: Classes, random: Random, depth = 0): unknown {
  if (isNullable(type) && random.happens(0.3 + depth / 8)) return null;
  const due = withoutNull(type);
  if (typeof due === "object") {
    if ("object" in due) {
      const fields = classes[due.object]!.fields.map(({ name, type }) => [
        name,
        anyValue(type, classes, random, depth + 1),
      ]);
      return Object.fromEntries(random.happens(0.5) ? fields : fields.reverse());
    }
    const length = Math.max(0, random.below(6) - depth);
    return Array.from({ length }, () => anyValue(elementOf(due), classes, random, depth + 1));
  }
  if (due === "string") return anyText(random);
  if (due === "ArrayBuffer") return anyBytes(random, random.below(20)).buffer;
  if (isTypedArrayName(due)) return anyTypedArray(globalThis[due], random);
  return anyScalar(due as ScalarType, random);
}

const anyBytes = (random: Random, count: number) =>
  Uint8Array.from({ length: count }, () => random.below(256));

/** Any bits, NaNs of any kind among them; often a part of a larger array. */
function anyTypedArray(
  ElementArray: {
    new (buffer: ArrayBuffer): { subarray(start: number, end: number): unknown };
    BYTES_PER_ELEMENT: number;
  },
  random: Random,
): unknown {
  const length = random.below(9);
  const [before, after] = random.happens(0.5) ? [random.below(4), random.below(4)] : [0, 0];
  const bytes = anyBytes(random, ElementArray.BYTES_PER_ELEMENT * (before + length + after));
  const array = new ElementArray(bytes.buffer);
  return before + after > 0 ? array.subarray(before, before + length) : array;
}

/** Code units of all kinds: halves of characters, zero, and the mark that decoders swallow. */
const anyText = (random: Random): string =>
  Array.from({ length: random.below(random.happens(0.1) ? 400 : 12) }, () =>
    random.happens(0.6)
      ? String.fromCharCode(32 + random.below(95))
      : random.pick([
          "\ud800",
          "\udfff",
          "😀",
          "\0",
          "\ufeff",
          "é",
          String.fromCharCode(random.below(65_536)),
        ]),
  ).join("");

const edges: Record<ScalarType, readonly unknown[]> = {
  bool: [true, false],
  i8: [-128, 0, 127],
  u8: [0, 255],
  i16: [-32_768, 32_767],
  u16: [0, 65_535],
  i32: [-(2 ** 31), -1, 0, 2 ** 31 - 1],
  u32: [0, 2 ** 31, 2 ** 32 - 1],
  i64: [-(2n ** 63n), -1n, 0n, 2n ** 63n - 1n],
  u64: [0n, 2n ** 63n, 2n ** 64n - 1n],
  f32: [0, -0, 1.5, Number.NaN, 1 / 0, -1 / 0, Math.fround(0.1), 2 ** -149],
  f64: [0, -0, 0.1, Number.NaN, 1 / 0, -1 / 0, Number.MIN_VALUE, Number.MAX_VALUE, 2 ** 53 - 1],
};

function anyScalar(type: ScalarType, random: Random): unknown {
  if (type === "bool" || random.happens(0.4)) return random.pick(edges[type]);
  const bits = BigInt(random.below(2 ** 32)) * 2n ** 32n + BigInt(random.below(2 ** 32));
  if (type === "f32") return Math.fround((random.next() - 0.5) * 2 ** random.below(100));
  if (type === "f64") return (random.next() - 0.5) * 2 ** random.below(1_000);
  const width = Number(type.slice(1));
  const integer = type.startsWith("i") ? BigInt.asIntN(width, bits) : BigInt.asUintN(width, bits);
  return width === 64 ? integer : Number(integer);
}

/** The hash that `hashed` in fixtures/shared/hash.ts gives for the same value. */
export function hashOf(type: Type, value: unknown, classes: Classes): bigint {
  let state = 0xcbf29ce484222325n;
  const mix = (part: number | bigint) => {
    state = BigInt.asUintN(64, (state ^ BigInt.asUintN(64, BigInt(part))) * 0x100000001b3n);
    state ^= state >> 29n;
  };
  const mixAll = (parts: ArrayLike<number>) => {
    mix(parts.length);
    for (let index = 0; index < parts.length; index++) mix(parts[index]!);
  };
  const hash = (type: Type, value: unknown): void => {
    const due = withoutNull(type);
    if (value === null) mix(3);
    else if (due === "f32" || due === "f64") {
      mix(new BigUint64Array(Float64Array.of(value as number).buffer)[0]!);
    } else if (due === "string") {
      mixAll(Array.from({ length: (value as string).length }, (_, at) => (value as string).charCodeAt(at)));
    } else if (typeof due === "object" && "object" in due) {
      for (const field of classes[due.object]!.fields) {
        hash(field.type, (value as Record<string, unknown>)[field.name]);
      }
    } else if (typeof due === "object") {
      mix((value as unknown[]).length);
      for (const element of value as unknown[]) hash(elementOf(due), element);
    } else if (typeof value === "object") mixAll(bytesOf(value));
    else mix(BigInt(value as number));
  };
  hash(type, value);
  return state;
}

/** Of one class and with the same content; zeros of two signs are different, and so are the bits in typed arrays. */
export function assertSame(actual: unknown, expected: unknown, where = "the value"): void {
  if (typeof expected !== "object" || expected === null) {
    assert.ok(Object.is(actual, expected), `${where}: ${String(actual)} is not ${String(expected)}`);
    return;
  }
  assert.is(Object.getPrototypeOf(actual), Object.getPrototypeOf(expected), `${where} is of another class`);
  if (expected instanceof ArrayBuffer || ArrayBuffer.isView(expected)) {
    const same = Buffer.compare(bytesOf(actual), bytesOf(expected)) === 0;
    assert.ok(same, `${where} has other bytes`);
    return;
  }
  assert.equal(Object.keys(actual as object).sort(), Object.keys(expected).sort(), where);
  if (Array.isArray(expected)) assert.is((actual as unknown[]).length, expected.length, where);
  for (const [key, field] of Object.entries(expected)) {
    assertSame((actual as Record<string, unknown>)[key], field, `${where}.${key}`);
  }
}

export function bytesOf(value: unknown): Uint8Array {
  if (!ArrayBuffer.isView(value)) return new Uint8Array(value as ArrayBuffer);
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}
