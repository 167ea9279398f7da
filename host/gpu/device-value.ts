import type { GpuBuffer, GpuDevice } from "../../gpu/index.ts";
import type { TypedArrayName } from "../../scheduler/protocol/manifest.ts";
import { mapValues } from "../../scheduler/protocol/map-values.ts";
import { headerBytes, tagOf, typedArrayClasses } from "../../scheduler/protocol/value-format.ts";
import { encodePlan, planValue } from "../../scheduler/protocol/value-plan.ts";
import type { Copy } from "../objects/stored-object.ts";

/** A typed array on a device, which is let go of when all that use it have done so. */
export class DeviceArray {
  readonly type: TypedArrayName;
  readonly buffer: GpuBuffer;
  readonly #device: GpuDevice;
  #useCount = 1;

  constructor(device: GpuDevice, type: TypedArrayName, buffer: GpuBuffer) {
    this.#device = device;
    this.type = type;
    this.buffer = buffer;
  }

  get isThere(): boolean {
    return this.#device.has(this.buffer);
  }

  use(): DeviceArray {
    this.#useCount++;
    return this;
  }

  free(): void {
    this.#useCount--;
    if (this.#useCount === 0) this.#device.free(this.buffer);
  }

  read(into?: Uint8Array): Promise<Uint8Array> {
    return this.#device.read(this.buffer, into);
  }
}

/** An object whose value is on a device: a typed array, or a plain object of some. */
export class DeviceValue implements Copy {
  /** Of the value when it is encoded. */
  readonly byteLength: number;
  readonly arrays: DeviceArray | Readonly<Record<string, DeviceArray>>;

  constructor(arrays: DeviceArray | Readonly<Record<string, DeviceArray>>) {
    this.arrays = arrays;
    this.byteLength =
      arrays instanceof DeviceArray
        ? headerBytes + arrays.buffer.byteLength
        : planValue(
            mapValues(arrays, ({ type, buffer }) => elements(type, new ArrayBuffer(buffer.byteLength))),
          ).byteLength;
  }

  get isThere(): boolean {
    return this.#list.every((array) => array.isThere);
  }

  async read(into: Uint8Array): Promise<void> {
    const { arrays } = this;
    if (arrays instanceof DeviceArray) {
      into.fill(0, 0, headerBytes);
      into[0] = tagOf(arrays.type);
      await arrays.read(into.subarray(headerBytes, this.byteLength));
      return;
    }
    planValue(await this.#record(arrays)).writeInto(into, 0);
  }

  /** The encoded value, in memory of its own. */
  async encoded(): Promise<Uint8Array> {
    const { arrays } = this;
    if (!(arrays instanceof DeviceArray)) return encodePlan(planValue(await this.#record(arrays)));
    const bytes = new Uint8Array(this.byteLength);
    await this.read(bytes);
    return bytes;
  }

  /** Keeps it until one more `free`. */
  use(): DeviceValue {
    for (const array of this.#list) array.use();
    return this;
  }

  free(): void {
    for (const array of this.#list) array.free();
  }

  get #list(): readonly DeviceArray[] {
    return this.arrays instanceof DeviceArray ? [this.arrays] : Object.values(this.arrays);
  }

  async #record(arrays: Readonly<Record<string, DeviceArray>>): Promise<Record<string, unknown>> {
    const read = Object.entries(arrays).map(async ([name, array]) => {
      const bytes = await array.read();
      return [name, elements(array.type, bytes.buffer as ArrayBuffer)] as const;
    });
    return Object.fromEntries(await Promise.all(read));
  }
}

/** The typed array of these bytes. */
export const elements = (type: TypedArrayName, buffer: ArrayBuffer) => {
  const TypedArrayClass = typedArrayClasses[type];
  return new TypedArrayClass(buffer, 0, buffer.byteLength / TypedArrayClass.BYTES_PER_ELEMENT);
};
