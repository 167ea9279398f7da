import { type TypedArrayName, typedArrayNames } from "./manifest.ts";
import type { TypedArray } from "./tensor.ts";

/**
 * An encoded value is a header of 8 bytes and a payload, so that a payload stays aligned wherever the header is:
 *
 *     byte 0    tag, as below
 *     byte 1-7  zero
 *     byte 8-   payload, little-endian
 */
export const headerBytes = 8;
/** What a number takes when it is encoded. */
export const numberBytes = headerBytes + 8;
export const tag = {
  undefined: 0,
  null: 1,
  /** one byte, 0 or 1 */
  boolean: 2,
  /** f64; there is one NaN, 0x7ff8_0000_0000_0000 */
  number: 3,
  /** i64 */
  i64: 4,
  /** u64, for what does not fit into i64 */
  u64: 5,
  /** UTF-16 code units, as AssemblyScript and JavaScript hold them: lone surrogates survive */
  string: 6,
  /** bytes */
  arrayBuffer: 7,
  /** 8 to 18: elements, in the order of `typedArrayNames` */
  typedArray: 8,
  /** MessagePack of an array, a plain object or a ref; see `structure.ts` */
  structured: 32,
  /** f64 each: an array of nothing but numbers, at least one */
  numbers: 33,
  /**
   * A typed array with a shape. All parts are aligned, since each has a multiple of 8 bytes before it:
   *
   *     byte 0    tag of the typed array
   *     byte 1    number of dimensions, n, at most 32
   *     byte 2-7  zero
   *     byte 8-   n sizes, u64 each
   *     then      elements, in row-major order
   */
  tensor: 34,
  /** An IPC stream of Arrow */
  table: 35,
} as const;

/** Of the payload of a tensor, before the sizes of its dimensions. */
export const tensorHeadBytes = 8;

type TypedArrayClass = {
  new (buffer: ArrayBufferLike, offset: number, length: number): TypedArray;
  readonly BYTES_PER_ELEMENT: number;
};

export const typedArrayClasses = Object.fromEntries(
  typedArrayNames.map((name) => [name, globalThis[name]]),
) as unknown as Record<TypedArrayName, TypedArrayClass>;

export const tagOf = (name: TypedArrayName): number => tag.typedArray + typedArrayNames.indexOf(name);

/**
 * WebAssembly and JavaScript leave it open which of the many NaNs comes out of a calculation. One for all keeps results
 * the same on every host; the elements of typed arrays keep their bits.
 */
export const oneNaN = (value: number): number => (Number.isNaN(value) ? Number.NaN : value);
