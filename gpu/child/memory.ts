import type { MemoryUse } from "../wire/messages.ts";
import { usage } from "./usage.ts";

/** Some memory of the device, which is one value's at a time. */
export type Block = {
  /** Never used again for another. */
  id: number;
  buffer: GPUBuffer;
  byteLength: number;
  /** Something of a former user may be in it. */
  isDirty: boolean;
};

const smallestBytes = 256;
/** From here on it is worth a wait to hear whether the device really has so much. */
const largeBytes = 16 * 1024 * 1024;
/** What part of all may wait to be used again. */
const idlePart = 1 / 4;

/** So many bytes are allocated for that many: eight sizes between each power of two and the next. */
export function blockBytes(byteLength: number): number {
  if (byteLength <= smallestBytes) return smallestBytes;
  const step = 2 ** (31 - Math.clz32(byteLength - 1) - 3);
  return Math.ceil(byteLength / step) * step;
}

/**
 * What is allocated on the device. A software device has no limit of its own, and a hardware one says only in the moment of
 * an allocation that it has no more; so it is counted here. Blocks are kept for others of their size.
 */
export class DeviceMemory {
  readonly #device: GPUDevice;
  readonly #limitBytes: number;
  readonly #idle = new Map<number, Block[]>();
  #usedBytes = 0;
  #idleBytes = 0;
  #nextId = 1;

  constructor(device: GPUDevice, limitBytes: number) {
    this.#device = device;
    this.#limitBytes = limitBytes;
  }

  get use(): Omit<MemoryUse, "spilledBytes"> {
    return { limitBytes: this.#limitBytes, usedBytes: this.#usedBytes, idleBytes: this.#idleBytes };
  }

  /** How many bytes are missing for a block of that many, should all that is idle go. */
  missing(byteLength: number): number {
    return blockBytes(byteLength) + this.#usedBytes - this.#idleBytes - this.#limitBytes;
  }

  /** A block at once; undefined when there is no room, or it has to be asked for by `request`. */
  take(byteLength: number): Block | undefined {
    const size = blockBytes(byteLength);
    const block = this.#idle.get(size)?.pop();
    if (block !== undefined) {
      this.#idleBytes -= size;
      return block;
    }
    if (size >= largeBytes || size + this.#usedBytes > this.#limitBytes) return undefined;
    return this.#create(size);
  }

  /** A block, for which idle ones may go; undefined when there is no room on the device. */
  async request(byteLength: number): Promise<Block | undefined> {
    const taken = this.take(byteLength);
    if (taken !== undefined) return taken;
    const size = blockBytes(byteLength);
    this.#trim(this.#limitBytes - size);
    if (size + this.#usedBytes > this.#limitBytes) return undefined;
    this.#device.pushErrorScope("out-of-memory");
    const block = this.#create(size);
    if ((await this.#device.popErrorScope()) === null) return block;
    this.#destroy(block);
    return undefined;
  }

  give(block: Block): void {
    block.isDirty = true;
    const blocks = this.#idle.get(block.byteLength);
    if (blocks === undefined) this.#idle.set(block.byteLength, [block]);
    else blocks.push(block);
    this.#idleBytes += block.byteLength;
    if (this.#idleBytes > this.#limitBytes * idlePart) this.#trim(0, this.#limitBytes * idlePart);
  }

  /** Counts what is allocated elsewhere; a negative number is what is no more. */
  count(byteLength: number): void {
    this.#usedBytes += byteLength;
  }

  /** Lets idle blocks go until no more than so much is used, or idle. */
  #trim(usedBytes: number, idleBytes = 0): void {
    for (const [size, blocks] of this.#idle) {
      while (blocks.length > 0 && this.#usedBytes > usedBytes && this.#idleBytes > idleBytes) {
        this.#idleBytes -= size;
        this.#destroy(blocks.pop()!);
      }
      if (blocks.length === 0) this.#idle.delete(size);
    }
  }

  #create(size: number): Block {
    this.#usedBytes += size;
    const buffer = this.#device.createBuffer({
      size,
      usage: usage.STORAGE | usage.COPY_SRC | usage.COPY_DST,
    });
    return { id: this.#nextId++, buffer, byteLength: size, isDirty: false };
  }

  #destroy(block: Block): void {
    this.#usedBytes -= block.byteLength;
    block.buffer.destroy();
  }
}
