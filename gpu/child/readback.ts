import { blockBytes, type DeviceMemory } from "./memory.ts";
import type { Part, Recorder } from "./recorder.ts";
import { mapRead, usage } from "./usage.ts";

/** What is copied and mapped at once. */
const pieceBytes = 2 * 1024 * 1024;
/** So many pieces are on their way: one that is copied, one that is mapped, one that is sent. */
const mostPieces = 3;
/** Of each size so many wait to be used again. */
const mostIdle = 4;

/** Takes a piece; undefined when that was done at once. */
export type Piece = (bytes: Uint8Array, from: number) => Promise<void> | undefined;

/** Brings bytes from the device, by buffers that can be mapped, which are used again. */
export class Readback {
  readonly #device: GPUDevice;
  readonly #memory: DeviceMemory;
  readonly #recorder: Recorder;
  readonly #idle = new Map<number, GPUBuffer[]>();

  constructor(device: GPUDevice, memory: DeviceMemory, recorder: Recorder) {
    this.#device = device;
    this.#memory = memory;
    this.#recorder = recorder;
  }

  /** Gives all bytes, in order and in pieces, each of which stays as it is until it was taken. */
  async read({ block, byteLength }: Part, take: Piece): Promise<void> {
    const pending: { buffer: GPUBuffer; at: number; length: number; mapped: Promise<unknown> }[] = [];
    let next = 0;
    while (next < byteLength || pending.length > 0) {
      while (next < byteLength && pending.length < mostPieces) {
        const length = Math.min(pieceBytes, byteLength - next);
        const buffer = this.#buffer(length);
        this.#recorder.copy(block.buffer, buffer, next, 0, length);
        this.#recorder.submit();
        pending.push({ buffer, at: next, length, mapped: buffer.mapAsync(mapRead, 0, length) });
        next += length;
      }
      const { buffer, at, length, mapped } = pending.shift()!;
      await mapped;
      const taken = take(new Uint8Array(buffer.getMappedRange(0, length)), at);
      if (taken !== undefined) await taken;
      buffer.unmap();
      this.#give(buffer);
    }
  }

  #buffer(byteLength: number): GPUBuffer {
    const size = blockBytes(byteLength);
    const idle = this.#idle.get(size)?.pop();
    if (idle !== undefined) return idle;
    this.#memory.count(size);
    return this.#device.createBuffer({ size, usage: usage.MAP_READ | usage.COPY_DST });
  }

  #give(buffer: GPUBuffer): void {
    const idle = this.#idle.get(buffer.size) ?? [];
    this.#idle.set(buffer.size, idle);
    if (idle.length < mostIdle) return void idle.push(buffer);
    this.#memory.count(-buffer.size);
    buffer.destroy();
  }
}
