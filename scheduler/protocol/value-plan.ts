import { cannotCross } from "./cannot-cross.ts";
import { encodeStructure, type RefIds } from "./structure.ts";
import { EncodedTable, isTable } from "./table.ts";
import { Tensor, typedArrayNameOf } from "./tensor.ts";
import { headerBytes, oneNaN, tag, tagOf, tensorHeadBytes } from "./value-format.ts";

type Payload = number | bigint | string | Uint8Array | readonly number[] | Tensor | EncodedTable;

/**
 * How a value will be encoded: its size is known, and its bytes can be written where they are to be. Until then, the
 * elements of arrays are not copied. See `value-format.ts`.
 */
export class ValuePlan {
  readonly byteLength: number;
  readonly #tag: number;
  readonly #payload: Payload;

  constructor(tagByte: number, payloadBytes: number, payload: Payload) {
    this.byteLength = headerBytes + payloadBytes;
    this.#tag = tagByte;
    this.#payload = payload;
  }

  /**
   * Writes the encoded value at this offset, which must be aligned to 8 bytes in the memory of `target`. That may be
   * shared, and need not be zero.
   * @throws RangeError where it is not aligned, or has no room
   */
  writeInto(target: Uint8Array, offset: number): void {
    if ((target.byteOffset + offset) % 8 !== 0) throw new RangeError(`offset ${offset} is not aligned`);
    if (!(offset >= 0) || offset + this.byteLength > target.byteLength) {
      throw new RangeError(
        `${this.byteLength} bytes have no room at offset ${offset} of ${target.byteLength}`,
      );
    }
    target[offset] = this.#tag;
    for (let index = 1; index < headerBytes; index++) target[offset + index] = 0;
    const start = offset + headerBytes;
    const payloadBytes = this.byteLength - headerBytes;
    const payload = this.#payload;
    switch (this.#tag) {
      case tag.undefined:
      case tag.null:
        return;
      case tag.boolean:
        target[start] = payload as number;
        return;
      case tag.number:
        writeNumber(target, start, payload as number);
        return;
      case tag.i64:
      case tag.u64:
        writeInteger(target, start, payload as bigint);
        return;
      case tag.string: {
        const text = payload as string;
        const units = new Uint16Array(target.buffer, target.byteOffset + start, payloadBytes / 2);
        for (let index = 0; index < units.length; index++) units[index] = text.charCodeAt(index);
        return;
      }
      case tag.numbers: {
        const numbers = payload as readonly number[];
        const elements = new Float64Array(target.buffer, target.byteOffset + start, payloadBytes / 8);
        for (let index = 0; index < elements.length; index++) elements[index] = oneNaN(numbers[index]!);
        return;
      }
      case tag.tensor:
        writeTensor(target, start, payload as Tensor);
        return;
      case tag.table: {
        let next = start;
        for (const part of (payload as EncodedTable).parts) {
          target.set(part, next);
          next += part.byteLength;
        }
        return;
      }
      default:
        target.set(payload as Uint8Array, start);
    }
  }
}

/**
 * @param refs tells which objects are refs; without it, none is
 * @throws InvalidTaskError for a value that can't cross: a function, a symbol, a class instance, a bigint past 64 bits
 */
export function planValue(value: unknown, refs?: RefIds): ValuePlan {
  switch (typeof value) {
    case "undefined":
      return new ValuePlan(tag.undefined, 0, 0);
    case "boolean":
      return new ValuePlan(tag.boolean, 1, Number(value));
    case "number":
      return new ValuePlan(tag.number, 8, value);
    case "bigint":
      if (BigInt.asIntN(64, value) === value) return new ValuePlan(tag.i64, 8, value);
      if (BigInt.asUintN(64, value) === value) return new ValuePlan(tag.u64, 8, value);
      throw cannotCross(`a bigint past 64 bits, ${value},`);
    case "string":
      return new ValuePlan(tag.string, value.length * 2, value);
    case "object":
      return value === null ? new ValuePlan(tag.null, 0, 0) : planObject(value, refs);
    default:
      throw cannotCross(`a ${typeof value}`);
  }
}

function planObject(value: object, refs: RefIds | undefined): ValuePlan {
  if (ArrayBuffer.isView(value)) {
    const name = typedArrayNameOf(value);
    if (name === undefined) throw cannotCross(`a ${value.constructor.name}`);
    return planBytes(tagOf(name), bytesOf(value));
  }
  if (isArrayOfNumbers(value)) return new ValuePlan(tag.numbers, 8 * value.length, value);
  if (value instanceof ArrayBuffer) return planBytes(tag.arrayBuffer, new Uint8Array(value));
  if (value instanceof Tensor) {
    const headBytes = tensorHeadBytes + 8 * value.shape.length;
    return new ValuePlan(tag.tensor, headBytes + value.data.byteLength, value);
  }
  if (value instanceof EncodedTable) return new ValuePlan(tag.table, value.byteLength, value);
  if (isTable(value)) throw cannotCross("an Arrow table, as it is,");
  return planBytes(
    tag.structured,
    encodeStructure(value, (inner) => encodePlan(planValue(inner)), refs),
  );
}

const planBytes = (tagByte: number, bytes: Uint8Array) => new ValuePlan(tagByte, bytes.byteLength, bytes);

/** The bytes of a plan, in memory of their own. */
export function encodePlan(plan: ValuePlan): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(plan.byteLength);
  plan.writeInto(bytes, 0);
  return bytes;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  new Uint8Array(buffer, byteOffset, byteLength);

function isArrayOfNumbers(value: object): value is number[] {
  if (!Array.isArray(value) || value.length === 0) return false;
  for (let index = 0; index < value.length; index++) {
    if (typeof value[index] !== "number") return false;
  }
  return true;
}

// A number has its bytes here on its way, so that none needs a view of where it goes.
const scratch = new DataView(new ArrayBuffer(8));
const scratchBytes = new Uint8Array(scratch.buffer);

function writeNumber(target: Uint8Array, offset: number, value: number): void {
  scratch.setFloat64(0, oneNaN(value), true);
  writeScratch(target, offset);
}

function writeInteger(target: Uint8Array, offset: number, value: bigint): void {
  scratch.setBigUint64(0, BigInt.asUintN(64, value), true);
  writeScratch(target, offset);
}

function writeScratch(target: Uint8Array, offset: number): void {
  for (let index = 0; index < 8; index++) target[offset + index] = scratchBytes[index]!;
}

function writeTensor(target: Uint8Array, offset: number, { dtype, shape, data }: Tensor): void {
  target.fill(0, offset, offset + tensorHeadBytes);
  target[offset] = tagOf(dtype);
  target[offset + 1] = shape.length;
  let next = offset + tensorHeadBytes;
  for (const size of shape) {
    writeInteger(target, next, BigInt(size));
    next += 8;
  }
  target.set(bytesOf(data), next);
}
