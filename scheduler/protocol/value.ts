import { ProtocolError } from "./errors.ts";
import { type TypedArrayName, typedArrayNames } from "./manifest.ts";
import { decodeStructure, listRefIds, type RefIds, type RefsById } from "./structure.ts";
import { EncodedTable } from "./table.ts";
import { findShapeError, mostDimensions, Tensor, type TypedArray } from "./tensor.ts";
import { headerBytes, numberBytes, oneNaN, tag, tensorHeadBytes, typedArrayClasses } from "./value-format.ts";
import { encodePlan, planValue } from "./value-plan.ts";

export { planValue, ValuePlan } from "./value-plan.ts";

type Bytes = Uint8Array<ArrayBufferLike>;

/** An encoded value; a number stands for itself until somebody needs its bytes. */
export type Encoded = Uint8Array | number;

export const bytesOf = (value: Encoded): Uint8Array =>
  typeof value === "number" ? encodeValue(value) : value;

/** A copy of bytes, which may be a part of a larger message, or another's afterwards. */
export const copyOf = (value: Encoded): Encoded => (typeof value === "number" ? value : value.slice());

export const byteLengthOf = (value: Encoded): number =>
  typeof value === "number" ? numberBytes : value.byteLength;

/**
 * A value as bytes: a snapshot, so that later changes to a typed array are not seen.
 * @param refs tells which objects are refs; without it, none is
 * @throws InvalidTaskError for a value that can't cross: a function, a symbol, a class instance, a bigint past 64 bits
 */
export const encodeValue = (value: unknown, refs?: RefIds): Uint8Array<ArrayBuffer> =>
  encodePlan(planValue(value, refs));

/**
 * The value of these bytes. A typed array, the data of a tensor and the stream of a table are views of them where
 * their alignment allows, so whoever may change it copies the bytes first. Everything else is a copy.
 * @param refs makes the refs that the value holds; without it, it may hold none
 * @throws ProtocolError when the bytes are no encoded value
 */
export function decodeValue(bytes: Bytes, refs?: RefsById): unknown {
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
      return stringOf(viewAs("Uint16Array", payload) as Uint16Array);
    case tag.arrayBuffer:
      return payload.slice().buffer;
    case tag.structured:
      return decodeStructured(payload.slice(), refs);
    case tag.numbers:
      if (payload.byteLength === 0) throw malformed("it is an array of numbers without one");
      return decodeNumbers(viewAs("Float64Array", payload) as Float64Array);
    case tag.tensor:
      return decodeTensor(payload);
    case tag.table:
      return new EncodedTable([aligned(payload, 8)]);
  }
  const name = typedArrayOf(bytes[0]!);
  if (name === undefined) throw malformed(`it has the unknown tag ${bytes[0]}`);
  return viewAs(name, payload);
}

/**
 * The ids of the refs that an encoded value holds, each once. Nothing else of it is decoded.
 * @throws ProtocolError when the bytes are no encoded value, as far as that is seen
 */
export function refIdsOf(bytes: Bytes): string[] {
  if (bytes[0] !== tag.structured || bytes.byteLength < headerBytes) return [];
  return unbroken(() => listRefIds(bytes.subarray(headerBytes)));
}

const typedArrayOf = (tagByte: number): TypedArrayName | undefined =>
  typedArrayNames[tagByte - tag.typedArray];

function viewAs(name: TypedArrayName, payload: Bytes): TypedArray {
  const TypedArrayClass = typedArrayClasses[name];
  const elementBytes = TypedArrayClass.BYTES_PER_ELEMENT;
  if (payload.byteLength % elementBytes !== 0) {
    throw malformed(`${payload.byteLength} bytes are no whole number of elements of a ${name}`);
  }
  const { buffer, byteOffset, byteLength } = aligned(payload, elementBytes);
  return new TypedArrayClass(buffer, byteOffset, byteLength / elementBytes);
}

/** The same bytes where they are, if they lie at a multiple of so many; else a copy. */
const aligned = (bytes: Bytes, alignment: number) =>
  bytes.byteOffset % alignment === 0 ? bytes : bytes.slice();

/** The string of these UTF-16 code units, which may be half a character, also in shared memory. */
export function stringOf(units: Uint16Array): string {
  let text = "";
  // Chunks, because each unit is an argument of a call and the stack is finite.
  for (let start = 0; start < units.length; start += 8192) {
    text += String.fromCharCode.apply(null, units.subarray(start, start + 8192) as unknown as number[]);
  }
  return text;
}

function decodeNumbers(elements: Float64Array): number[] {
  // Not `Array.from`, which takes ten times as long.
  const numbers = new Array<number>(elements.length);
  for (let index = 0; index < numbers.length; index++) numbers[index] = oneNaN(elements[index]!);
  return numbers;
}

function decodeTensor(payload: Bytes): Tensor {
  const name = typedArrayOf(payload[0] ?? 0);
  if (name === undefined) throw malformed(`its tensor is of the unknown tag ${payload[0]}`);
  const dimensionCount = payload[1] ?? 0;
  const headBytes = tensorHeadBytes + 8 * dimensionCount;
  if (dimensionCount > mostDimensions) throw malformed(`its tensor has ${dimensionCount} dimensions`);
  if (payload.byteLength < headBytes) throw malformed("its tensor is shorter than its shape");
  const view = viewOf(payload);
  const shape = Array.from({ length: dimensionCount }, (_, index) =>
    Number(view.getBigUint64(tensorHeadBytes + 8 * index, true)),
  );
  const data = viewAs(name, payload.subarray(headBytes));
  const wrong = findShapeError(shape, data.length);
  if (wrong !== undefined) throw malformed(wrong);
  return new Tensor(data, shape);
}

function decodeStructured(payload: Uint8Array<ArrayBuffer>, refs: RefsById | undefined): unknown {
  const decodeInner = (bytes: Uint8Array) => {
    if (bytes[0] === tag.structured) throw malformed("a structure is inside an extension");
    if (bytes[0] === tag.table) throw malformed("a table is inside an extension");
    // A copy: what stands in the middle of a message is not aligned.
    return decodeValue(bytes.slice());
  };
  return unbroken(() => decodeStructure(payload, decodeInner, refs));
}

/** What reads MessagePack gives, whose errors become ours. */
function unbroken<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    throw malformed(`its MessagePack is broken (${(error as Error).message})`);
  }
}

const viewOf = (bytes: Bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function checkLength(payload: Bytes, length: number): Bytes {
  if (payload.byteLength === length) return payload;
  throw malformed(`its payload has ${payload.byteLength} bytes where ${length} are due`);
}

const malformed = (why: string) => new ProtocolError(`malformed value: ${why}`);
