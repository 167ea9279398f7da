import {
  elementOf,
  isScalarType,
  isTypedArrayName,
  type Manifest,
  type Type,
  typeName,
  withoutNull,
} from "../../scheduler/protocol/manifest.ts";
import { Tensor } from "../../scheduler/protocol/tensor.ts";
import { writeField } from "./fields.ts";
import { arrayBytes, elementBytes, Memory, type Runtime, scalarArrays, typedArrayBytes } from "./memory.ts";

/** Puts one value where a kernel takes it; see `lowerAll`. */
export const lower = (runtime: Runtime, manifest: Manifest, type: Type, value: unknown): number | bigint =>
  lowerAll(runtime, manifest, [type], [value])[0]!;

/**
 * Puts values of these types where a kernel takes them: numbers as they are, anything else into the module's memory.
 * The values have been checked against the types. Objects get their fields directly, without a constructor.
 *
 * Nothing that is made here is collected before this returns; then it must be used at once. When the module traps for
 * want of memory, its instance has objects pinned and is of no more use.
 */
export function lowerAll(
  runtime: Runtime,
  manifest: Manifest,
  types: readonly Type[],
  values: readonly unknown[],
): (number | bigint)[] {
  const lowering = new Lowering(runtime, manifest);
  const lowered = values.map((value, index) => lowering.lower(types[index]!, value));
  lowering.unpin();
  return lowered;
}

class Lowering {
  readonly #runtime: Runtime;
  readonly #manifest: Manifest;
  readonly #memory: Memory;
  readonly #pinned: number[] = [];

  constructor(runtime: Runtime, manifest: Manifest) {
    this.#runtime = runtime;
    this.#manifest = manifest;
    this.#memory = new Memory(runtime);
  }

  lower(type: Type, value: unknown): number | bigint {
    if (isScalarType(type)) return type === "bool" ? Number(value) : (value as number | bigint);
    return this.#place(type, value);
  }

  unpin(): void {
    for (const pointer of this.#pinned) this.#runtime.__unpin?.(pointer);
  }

  /** @returns the address of the value, 0 for null */
  #place(type: Type, value: unknown): number {
    if (value === null || value === undefined) return 0;
    const due = withoutNull(type);
    const id = this.#manifest.runtimeIds[typeName(due)]!;
    if (due === "string") return this.#placeString(value as string, id);
    if (due === "ArrayBuffer") {
      const bytes = new Uint8Array(value as ArrayBuffer);
      return this.#placeElements(id, bytes.byteLength, Uint8Array, bytes);
    }
    if (isTypedArrayName(due)) {
      const elements = (value instanceof Tensor ? value.data : value) as Uint8Array;
      const buffer = this.#placeElements(this.#bufferId, elements.byteLength, globalThis[due], elements);
      return this.#placeArray(id, typedArrayBytes, buffer, elements.byteLength);
    }
    if (typeof due === "string") throw new TypeError(`no value of type ${due} has an address`);
    if ("object" in due) return this.#placeObject(due.object, id, value as Record<string, unknown>);
    const values = value as unknown[];
    if ("staticArray" in due) return this.#placeList(elementOf(due), id, values);
    const buffer = this.#placeList(elementOf(due), this.#bufferId, values);
    const bytes = values.length * elementBytes(elementOf(due));
    const array = this.#placeArray(id, arrayBytes, buffer, bytes);
    this.#memory.view.setInt32(array + 12, values.length, true);
    return array;
  }

  get #bufferId(): number {
    return this.#manifest.runtimeIds.ArrayBuffer!;
  }

  #placeString(text: string, id: number): number {
    const pointer = this.#new(2 * text.length, id);
    const units = new Uint16Array(this.#memory.buffer, pointer, text.length);
    for (let index = 0; index < text.length; index++) units[index] = text.charCodeAt(index);
    return pointer;
  }

  /** A typed array, or an Array without its length. */
  #placeArray(id: number, ownBytes: number, buffer: number, bytes: number): number {
    const pointer = this.#new(ownBytes, id);
    const { view } = this.#memory;
    view.setUint32(pointer, buffer, true);
    view.setUint32(pointer + 4, buffer, true);
    view.setUint32(pointer + 8, bytes, true);
    return pointer;
  }

  /** The elements of an array, one after the other. */
  #placeList(type: Type, id: number, values: readonly unknown[]): number {
    const bytes = values.length * elementBytes(type);
    if (isScalarType(type)) return this.#placeElements(id, bytes, scalarArrays[type], values);
    const pointers = values.map((value) => this.#place(type, value));
    return this.#placeElements(id, bytes, Uint32Array, pointers);
  }

  #placeElements(
    id: number,
    bytes: number,
    ElementArray: new (
      buffer: ArrayBufferLike,
      offset: number,
      length: number,
    ) => { set(values: never): void },
    values: ArrayLike<unknown>,
  ): number {
    const pointer = this.#new(bytes, id);
    new ElementArray(this.#memory.buffer, pointer, values.length).set(values as never);
    return pointer;
  }

  #placeObject(className: string, id: number, value: Record<string, unknown>): number {
    const { bytes, fields } = this.#manifest.classes[className]!;
    // All that allocates goes first.
    const raw = fields.map(({ name, type }) =>
      this.lower(type, Object.hasOwn(value, name) ? value[name] : undefined),
    );
    const pointer = this.#new(bytes, id);
    const { view } = this.#memory;
    for (const [index, { type, offset }] of fields.entries()) {
      writeField(view, isScalarType(type) ? type : "u32", pointer + offset, raw[index]!);
    }
    return pointer;
  }

  /** Memory for an object, pinned until the end. */
  #new(bytes: number, id: number): number {
    // The runtime refuses what is too large, and WebAssembly would take only the low 32 bits of it.
    const pointer = this.#runtime.__new(Math.min(bytes, 0xffff_ffff), id) >>> 0;
    this.#runtime.__pin?.(pointer);
    this.#pinned.push(pointer);
    return pointer;
  }
}
