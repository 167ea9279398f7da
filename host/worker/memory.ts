import { isScalarType, type ScalarType, type Type } from "../../scheduler/protocol/manifest.ts";

/**
 * What the AssemblyScript runtime of a module exports for values, see "Managed object layout" in its rt/itcms.ts:
 *
 *     pointer - 8   u32 run-time class id
 *     pointer - 4   u32 size in bytes
 *     pointer       the object; with the header before it, it begins at 20 or later
 *
 *     typed array:  u32 buffer, u32 start of its data, u32 bytes of its data
 *     Array:        the same, with room for more elements, and i32 length
 *     StaticArray:  the elements
 *     class:        the fields, at the offsets of the manifest
 */
export type Runtime = {
  memory?: WebAssembly.Memory;
  __new(bytes: number, id: number): number;
  /** Keeps an object from being collected. */
  __pin?: ((pointer: number) => number) | undefined;
  __unpin?: ((pointer: number) => void) | undefined;
};

export const headerBytes = 20;
export const typedArrayBytes = 12;
export const arrayBytes = 16;
export const pointerBytes = 4;

/**
 * The memory of a module, which moves when it grows: views are asked for anew after everything that may allocate. When
 * it is shared, it may grow at any time; then a former view is too short, and not wrong.
 */
export class Memory {
  readonly #memory: WebAssembly.Memory;
  #view: DataView | undefined;

  constructor(runtime: Runtime) {
    this.#memory = runtime.memory!;
  }

  get buffer(): ArrayBufferLike {
    return this.#memory.buffer;
  }

  get view(): DataView {
    const { buffer } = this.#memory;
    if (this.#view?.buffer !== buffer) this.#view = new DataView(buffer);
    return this.#view!;
  }
}

/** What holds the elements of an array of this type. */
export const scalarArrays = {
  bool: Uint8Array,
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  f32: Float32Array,
  f64: Float64Array,
} as const satisfies Record<ScalarType, unknown>;

/** How many bytes an element of this type takes in an array. */
export const elementBytes = (type: Type): number =>
  isScalarType(type) ? scalarArrays[type].BYTES_PER_ELEMENT : pointerBytes;
