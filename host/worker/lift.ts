import { LimitExceededError } from "../../scheduler/protocol/errors.ts";
import {
  elementOf,
  isNullable,
  isScalarType,
  isTypedArrayName,
  type Manifest,
  maxValueDepth,
  type ScalarType,
  type Type,
  type TypedArrayName,
  typeName,
  withoutNull,
} from "../../scheduler/protocol/manifest.ts";
import { stringOf } from "../../scheduler/protocol/value.ts";
import { readField } from "./fields.ts";
import {
  arrayBytes,
  elementBytes,
  headerBytes,
  Memory,
  pointerBytes,
  type Runtime,
  scalarArrays,
  typedArrayBytes,
} from "./memory.ts";

/** What is at an address that a kernel has handed over can't be a value of its type. */
export class BrokenValue extends Error {}

/**
 * What a kernel hands over, as a value of this type. Typed arrays, also those inside, are views of the module's memory
 * until it runs again. Nothing in that memory is trusted: every address is checked before it is read, and what is
 * reached by many ways counts as often.
 * @param raw what the function returned: a number, or an address
 * @param maxBytes what the value may have
 * @throws BrokenValue when an address leads nowhere, a reference is null, or values lie in each other without end
 * @throws LimitExceededError when the value is larger
 */
export function lift(
  runtime: Runtime,
  manifest: Manifest,
  type: Type,
  raw: number | bigint,
  maxBytes: number,
): unknown {
  if (type === "void") return undefined;
  if (isScalarType(type)) return liftScalar(type, raw);
  return new Lifting(runtime, manifest, maxBytes).lift(type, raw as number, 1);
}

/** The number that a function has returned, as a value of this type. WebAssembly has only i32 and i64: the narrower and the unsigned are cut out of them. */
export function liftScalar(type: ScalarType, raw: number | bigint): unknown {
  // A manifest may lie about the function.
  if (typeof raw !== (type === "i64" || type === "u64" ? "bigint" : "number")) {
    throw new BrokenValue(`value is no ${type}`);
  }
  const number = raw as number;
  switch (type) {
    case "bool":
      return number !== 0;
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
    default:
      return raw;
  }
}

/** What counts for a value: about what it takes in JavaScript's memory, or encoded, whatever is more. */
const leastBytes = 8;
const containerBytes = 32;

/** The way to what is wrong may be as long as the value is deep. */
const longestPath = 100;

class Lifting {
  readonly #manifest: Manifest;
  readonly #memory: Memory;
  readonly #maxBytes: number;
  #bytesLeft: number;
  /** The way to what is lifted now, for messages. */
  readonly #path: (string | number)[] = [];

  constructor(runtime: Runtime, manifest: Manifest, maxBytes: number) {
    this.#manifest = manifest;
    this.#memory = new Memory(runtime);
    this.#maxBytes = maxBytes;
    this.#bytesLeft = maxBytes;
  }

  lift(type: Type, raw: number, depth: number): unknown {
    const pointer = raw >>> 0;
    if (pointer === 0) {
      if (isNullable(type)) return null;
      throw this.#broken(`is null, which ${typeName(type)} is not`);
    }
    const due = withoutNull(type);
    if (due === "string") return this.#string(pointer);
    if (due === "ArrayBuffer") return this.#arrayBuffer(pointer);
    if (isTypedArrayName(due)) return this.#typedArray(due, pointer);
    if (typeof due === "string") throw new TypeError(`no value of type ${due} has an address`);
    if (depth > maxValueDepth) {
      throw this.#broken(`lies deeper than ${maxValueDepth} levels; it may contain itself`);
    }
    if ("object" in due) return this.#object(due.object, pointer, depth);
    const element = elementOf(due);
    if ("array" in due) return this.#array(typeName(due), element, pointer, depth);
    const bytes = this.#sizeOf(pointer, typeName(due));
    return this.#elements(element, pointer, Math.floor(bytes / elementBytes(element)), depth);
  }

  #string(pointer: number): string {
    const bytes = this.#sizeOf(pointer, "string");
    this.#spend(leastBytes + bytes);
    if (pointer % 2 > 0) throw this.#broken("is at an odd address");
    return stringOf(new Uint16Array(this.#memory.buffer, pointer, bytes >>> 1));
  }

  #arrayBuffer(pointer: number): ArrayBuffer {
    const bytes = this.#sizeOf(pointer, "ArrayBuffer");
    this.#spend(leastBytes + bytes);
    const copy = new Uint8Array(bytes);
    copy.set(new Uint8Array(this.#memory.buffer, pointer, bytes));
    return copy.buffer;
  }

  #typedArray(name: TypedArrayName, pointer: number): ArrayBufferView {
    this.#needSize(pointer, typedArrayBytes, name);
    const bytes = this.#memory.view.getUint32(pointer + 8, true);
    this.#spend(leastBytes + bytes);
    const ElementArray = globalThis[name];
    const start = this.#dataOf(pointer, bytes, ElementArray.BYTES_PER_ELEMENT);
    return new ElementArray(
      this.#memory.buffer as ArrayBuffer,
      start,
      Math.floor(bytes / ElementArray.BYTES_PER_ELEMENT),
    );
  }

  #array(name: string, element: Type, pointer: number, depth: number): unknown[] {
    this.#needSize(pointer, arrayBytes, name);
    const count = this.#memory.view.getUint32(pointer + 12, true);
    const start = this.#dataOf(pointer, count * elementBytes(element), elementBytes(element));
    return this.#elements(element, start, count, depth);
  }

  /** Where the data of an array begin, all of which lie inside of its buffer. */
  #dataOf(pointer: number, bytes: number, alignment: number): number {
    const { view } = this.#memory;
    const buffer = view.getUint32(pointer, true);
    const start = view.getUint32(pointer + 4, true);
    const bufferBytes = this.#sizeOf(buffer, "ArrayBuffer");
    if (start < buffer || start + bytes > buffer + bufferBytes) {
      throw this.#broken("has elements outside of its buffer");
    }
    if (start % alignment > 0) throw this.#broken("has elements that are not aligned");
    return start;
  }

  #elements(type: Type, start: number, count: number, depth: number): unknown[] {
    this.#spend(containerBytes + leastBytes * count);
    if (isScalarType(type)) {
      if (start % elementBytes(type) > 0) throw this.#broken("has elements that are not aligned");
      const elements = new scalarArrays[type](this.#memory.buffer as ArrayBuffer, start, count);
      // Not `Array.from`, which takes ten times as long.
      const list = new Array<unknown>(count);
      for (let index = 0; index < count; index++) list[index] = elements[index];
      return type === "bool" ? list.map(Boolean) : list;
    }
    const list: unknown[] = [];
    for (let index = 0; index < count; index++) {
      this.#path.push(index);
      list.push(this.lift(type, this.#memory.view.getUint32(start + pointerBytes * index, true), depth + 1));
      this.#path.pop();
    }
    return list;
  }

  #object(className: string, pointer: number, depth: number): Record<string, unknown> {
    const { bytes, fields } = this.#manifest.classes[className]!;
    this.#needSize(pointer, bytes, className);
    const object: Record<string, unknown> = {};
    this.#spend(containerBytes);
    for (const { name, type, offset } of fields) {
      this.#spend(leastBytes + name.length);
      if (isScalarType(type)) {
        object[name] = readField(this.#memory.view, type, pointer + offset);
        continue;
      }
      this.#path.push(name);
      object[name] = this.lift(type, this.#memory.view.getUint32(pointer + offset, true), depth + 1);
      this.#path.pop();
    }
    return object;
  }

  /** The size of an object of a class that none extends, all of which lies in the memory. */
  #sizeOf(pointer: number, name: string): number {
    const bytes = this.#needSize(pointer, 0, name);
    if (this.#memory.view.getUint32(pointer - 8, true) === this.#manifest.runtimeIds[name]) return bytes;
    throw this.#broken(`is no ${name}`);
  }

  /** The size of an object, at least `leastSize` bytes, all of which lies in the memory. */
  #needSize(pointer: number, leastSize: number, name: string): number {
    const memoryBytes = this.#memory.buffer.byteLength;
    if (pointer < headerBytes || pointer > memoryBytes) throw this.#broken("lies outside of the memory");
    const bytes = this.#memory.view.getUint32(pointer - 4, true);
    if (pointer + bytes > memoryBytes) throw this.#broken("ends outside of the memory");
    if (bytes < leastSize) throw this.#broken(`is too small for ${name}`);
    return bytes;
  }

  #spend(bytes: number): void {
    this.#bytesLeft -= bytes;
    if (this.#bytesLeft >= 0) return;
    throw new LimitExceededError(`the result has more than ${this.#maxBytes} bytes`, {
      remedy: "Return less at once, or give the task a larger maxResultBytes.",
      data: { limit: "maxResultBytes", maxResultBytes: this.#maxBytes },
    });
  }

  #broken(what: string): BrokenValue {
    const path = this.#path.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");
    return new BrokenValue(`value${path.slice(0, longestPath)} ${what}`);
  }
}
