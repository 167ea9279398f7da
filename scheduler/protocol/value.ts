import { ProtocolError } from "./errors.ts";
import { isTypedArrayName, type TypedArrayName, typedArrayNames } from "./manifest.ts";
import { cannotCross, decodeStructure, encodeStructure } from "./structure.ts";

/**
 * An encoded value is a header of 8 bytes and a payload, so that a payload stays aligned wherever the header is:
 *
 *     byte 0    tag, as below
 *     byte 1-7  zero
 *     byte 8-   payload, little-endian
 */
const headerBytes = 8;
const tag = {
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
  /** MessagePack of an array or a plain object; see `structure.ts` */
  structured: 32,
  /** f64 each: an array of nothing but numbers, at least one */
  numbers: 33,
} as const;

type Bytes = Uint8Array<ArrayBufferLike>;
type TypedArray = ArrayBufferView & { readonly constructor: { readonly name: string } };

const constructors = Object.fromEntries(
  typedArrayNames.map((name) => [name, globalThis[name]]),
) as unknown as Record<
  TypedArrayName,
  { new (buffer: ArrayBufferLike, offset: number, length: number): TypedArray; BYTES_PER_ELEMENT: number }
>;

/**
 * A value as bytes: a snapshot, so that later changes to a typed array are not seen.
 * @throws InvalidTaskError for a value that can't cross: a function, a symbol, a class instance, a bigint past 64 bits
 */
export function encodeValue(value: unknown): Uint8Array<ArrayBuffer> {
  switch (typeof value) {
    case "undefined":
      return header(tag.undefined, 0);
    case "boolean": {
      const bytes = header(tag.boolean, 1);
      bytes[headerBytes] = Number(value);
      return bytes;
    }
    case "number": {
      const bytes = header(tag.number, 8);
      viewOf(bytes).setFloat64(headerBytes, oneNaN(value), true);
      return bytes;
    }
    case "bigint":
      return encodeBigint(value);
    case "string": {
      const bytes = header(tag.string, value.length * 2);
      const units = new Uint16Array(bytes.buffer, headerBytes);
      for (let index = 0; index < value.length; index++) units[index] = value.charCodeAt(index);
      return bytes;
    }
    case "object":
      if (value === null) return header(tag.null, 0);
      if (value instanceof ArrayBuffer) return withPayload(tag.arrayBuffer, new Uint8Array(value));
      if (ArrayBuffer.isView(value)) return encodeView(value);
      if (isArrayOfNumbers(value)) return encodeNumbers(value);
      return withPayload(tag.structured, encodeStructure(value, encodeValue));
    default:
      throw cannotCross(`a ${typeof value}`);
  }
}

/**
 * The value of these bytes. A typed array is a view of them where its alignment allows, so whoever may change it
 * copies the bytes first.
 * @throws ProtocolError when the bytes are no encoded value
 */
export function decodeValue(bytes: Bytes): unknown {
  if (bytes.byteLength < headerBytes) throw malformed("it is shorter than its header");
  const payload = bytes.subarray(headerBytes);
  switch (bytes[0]) {
    case tag.undefined:
      return undefined;
    case tag.null:
      return null;
    case tag.boolean:
      return checkLength(payload, 1)[0] !== 0;
    case tag.number:
      return oneNaN(viewOf(checkLength(payload, 8)).getFloat64(0, true));
    case tag.i64:
      return viewOf(checkLength(payload, 8)).getBigInt64(0, true);
    case tag.u64:
      return viewOf(checkLength(payload, 8)).getBigUint64(0, true);
    case tag.string:
      return decodeString(payload);
    case tag.arrayBuffer:
      return payload.slice().buffer;
    case tag.structured:
      return decodeStructured(payload.slice());
    case tag.numbers:
      if (payload.byteLength === 0) throw malformed("it is an array of numbers without one");
      return decodeNumbers(viewAs("Float64Array", payload) as Float64Array);
  }
  const name = typedArrayNames[bytes[0]! - tag.typedArray];
  if (name === undefined) throw malformed(`it has the unknown tag ${bytes[0]}`);
  return viewAs(name, payload);
}

function encodeBigint(value: bigint): Uint8Array<ArrayBuffer> {
  const isSigned = BigInt.asIntN(64, value) === value;
  if (!isSigned && BigInt.asUintN(64, value) !== value) throw cannotCross(`a bigint past 64 bits, ${value},`);
  const bytes = header(isSigned ? tag.i64 : tag.u64, 8);
  viewOf(bytes).setBigUint64(headerBytes, BigInt.asUintN(64, value), true);
  return bytes;
}

function encodeView(view: ArrayBufferView): Uint8Array<ArrayBuffer> {
  // A Node.js Buffer is a Uint8Array under another name.
  const name = view instanceof Uint8Array ? "Uint8Array" : view.constructor.name;
  if (!isTypedArrayName(name)) throw cannotCross(`a ${name}`);
  return withPayload(
    tag.typedArray + typedArrayNames.indexOf(name),
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength),
  );
}

function viewAs(name: TypedArrayName, payload: Bytes): TypedArray {
  const TypedArrayClass = constructors[name];
  const elementBytes = TypedArrayClass.BYTES_PER_ELEMENT;
  if (payload.byteLength % elementBytes !== 0) {
    throw malformed(`${payload.byteLength} bytes are no whole number of elements of a ${name}`);
  }
  const aligned = payload.byteOffset % elementBytes === 0 ? payload : payload.slice();
  return new TypedArrayClass(aligned.buffer, aligned.byteOffset, aligned.byteLength / elementBytes);
}

function decodeString(payload: Bytes): string {
  return stringOf(viewAs("Uint16Array", payload) as unknown as Uint16Array);
}

/** The string of these UTF-16 code units, which may be half a character, also in shared memory. */
export function stringOf(units: Uint16Array): string {
  let text = "";
  // Chunks, because each unit is an argument of a call and the stack is finite.
  for (let start = 0; start < units.length; start += 8192) {
    text += String.fromCharCode.apply(null, units.subarray(start, start + 8192) as unknown as number[]);
  }
  return text;
}

/**
 * WebAssembly and JavaScript leave it open which of the many NaNs comes out of a calculation. One for all keeps results
 * the same on every host; the elements of typed arrays keep their bits.
 */
const oneNaN = (value: number): number => (Number.isNaN(value) ? Number.NaN : value);

function isArrayOfNumbers(value: object): value is number[] {
  if (!Array.isArray(value) || value.length === 0) return false;
  for (let index = 0; index < value.length; index++) {
    if (typeof value[index] !== "number") return false;
  }
  return true;
}

function decodeNumbers(elements: Float64Array): number[] {
  // Not `Array.from`, which takes ten times as long.
  const numbers = new Array<number>(elements.length);
  for (let index = 0; index < numbers.length; index++) numbers[index] = oneNaN(elements[index]!);
  return numbers;
}

function encodeNumbers(numbers: number[]): Uint8Array<ArrayBuffer> {
  const bytes = header(tag.numbers, 8 * numbers.length);
  const elements = new Float64Array(bytes.buffer, headerBytes);
  for (let index = 0; index < numbers.length; index++) elements[index] = oneNaN(numbers[index]!);
  return bytes;
}

function decodeStructured(payload: Uint8Array<ArrayBuffer>): unknown {
  try {
    return decodeStructure(payload, (bytes) => {
      if (bytes[0] === tag.structured) throw malformed("a structure is inside an extension");
      // A copy: what stands in the middle of a message is not aligned.
      return decodeValue(bytes.slice());
    });
  } catch (error) {
    throw malformed(`its MessagePack is broken (${(error as Error).message})`);
  }
}

function header(tagByte: number, payloadBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(headerBytes + payloadBytes);
  bytes[0] = tagByte;
  return bytes;
}

function withPayload(tagByte: number, payload: Bytes): Uint8Array<ArrayBuffer> {
  const bytes = header(tagByte, payload.byteLength);
  bytes.set(payload, headerBytes);
  return bytes;
}

const viewOf = (bytes: Bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function checkLength(payload: Bytes, length: number): Bytes {
  if (payload.byteLength === length) return payload;
  throw malformed(`its payload has ${payload.byteLength} bytes where ${length} are due`);
}

const malformed = (why: string) => new ProtocolError(`malformed value: ${why}`);
