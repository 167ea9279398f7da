import { fromWireError, OutOfMemoryError, type WireError } from "../../scheduler/protocol/errors.ts";
import type { Id, MemoryUse } from "../wire/messages.ts";
import type { Block, DeviceMemory } from "./memory.ts";
import type { Readback } from "./readback.ts";
import type { Part, Recorder } from "./recorder.ts";

type State =
  | { kind: "device"; block: Block }
  | { kind: "host"; bytes: Uint8Array<ArrayBuffer> }
  /** What should have made it failed. */
  | { kind: "failed"; error: WireError };

type Value = {
  state: State;
  /** What a dispatch sees of it: whole words, and enough for a vector of four. */
  boundBytes: number;
  /** How many are using it, so that it may neither go nor move. */
  pinCount: number;
  isFreed: boolean;
};

/** The values that the parent knows by number, and where each is. Those that were used last come last. */
export class Buffers {
  readonly #device: GPUDevice;
  readonly #memory: DeviceMemory;
  readonly #recorder: Recorder;
  readonly #readback: Readback;
  readonly #values = new Map<Id, Value>();
  #spilledBytes = 0;

  constructor(device: GPUDevice, memory: DeviceMemory, recorder: Recorder, readback: Readback) {
    this.#device = device;
    this.#memory = memory;
    this.#recorder = recorder;
    this.#readback = readback;
  }

  get use(): MemoryUse {
    return { ...this.#memory.use, spilledBytes: this.#spilledBytes };
  }

  /**
   * A new value.
   * @param isWritten it is all written before anybody sees it, so it has not to be zeroed
   * @throws OutOfMemoryError
   */
  async make(id: Id, byteLength: number, isWritten = false): Promise<Part> {
    const boundBytes = boundBytesOf(byteLength);
    const block = this.#memory.take(boundBytes) ?? (await this.#request(boundBytes));
    const part = { block, byteLength: boundBytes };
    if (block.isDirty && !isWritten) this.#recorder.zero(part);
    const state: State = { kind: "device", block };
    this.#values.set(id, { state, boundBytes, pinCount: 0, isFreed: false });
    return part;
  }

  /** The value can't be made; whoever uses it hears why. */
  fail(id: Id, error: WireError): void {
    this.free(id);
    const state: State = { kind: "failed", error };
    this.#values.set(id, { state, boundBytes: 0, pinCount: 0, isFreed: false });
  }

  /**
   * The value on the device, where it stays until it is unpinned.
   * @throws OutOfMemoryError; what its making has thrown
   */
  async pin(id: Id): Promise<Part> {
    const value = this.#values.get(id)!;
    if (value.state.kind === "failed") throw fromWireError(value.state.error);
    this.#values.delete(id);
    this.#values.set(id, value);
    value.pinCount++;
    if (value.state.kind === "host") {
      try {
        await this.#bringBack(value, value.state.bytes);
      } catch (error) {
        this.unpin(id, value);
        throw error;
      }
    }
    // Two that bring it back at once don't come here: each message is handled before the next.
    const { block } = value.state as { kind: "device"; block: Block };
    return { block, byteLength: value.boundBytes };
  }

  unpin(id: Id, value = this.#values.get(id)!): void {
    value.pinCount--;
    if (value.isFreed && value.pinCount === 0) this.free(id);
  }

  free(id: Id): void {
    const value = this.#values.get(id);
    if (value === undefined) return;
    value.isFreed = true;
    if (value.pinCount > 0) return;
    this.#values.delete(id);
    if (value.state.kind === "device") this.#recorder.retire(value.state.block);
    if (value.state.kind === "host") this.#spilledBytes -= value.boundBytes;
  }

  /** Moves values to host memory, the longest unused first, until so much could be allocated or none is left. */
  async spill(byteLength: number): Promise<void> {
    // Frees what was retired.
    this.#recorder.submit();
    for (const value of [...this.#values.values()]) {
      if (this.#memory.missing(byteLength) <= 0) return;
      if (value.state.kind === "device" && value.pinCount === 0)
        await this.#moveAway(value, value.state.block);
    }
  }

  async #moveAway(value: Value, block: Block): Promise<void> {
    const bytes = new Uint8Array(value.boundBytes);
    value.pinCount++;
    await this.#readback.read(
      { block, byteLength: value.boundBytes },
      (piece, at) => void bytes.set(piece, at),
    );
    value.pinCount--;
    value.state = { kind: "host", bytes };
    this.#spilledBytes += value.boundBytes;
    this.#recorder.retire(block);
    this.#recorder.submit();
  }

  async #bringBack(value: Value, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const block = this.#memory.take(value.boundBytes) ?? (await this.#request(value.boundBytes));
    this.#device.queue.writeBuffer(block.buffer, 0, bytes);
    value.state = { kind: "device", block };
    this.#spilledBytes -= value.boundBytes;
  }

  async #request(boundBytes: number): Promise<Block> {
    if (this.#memory.missing(boundBytes) > 0) await this.spill(boundBytes);
    const block = await this.#memory.request(boundBytes);
    if (block !== undefined) return block;
    const { usedBytes, idleBytes, limitBytes } = this.#memory.use;
    throw new OutOfMemoryError(
      `a buffer of ${boundBytes} bytes finds no room on the GPU, where ${usedBytes - idleBytes} of ${limitBytes} bytes are in use`,
      {
        remedy: "Free buffers, split the work, or give the GPU a higher memory limit.",
        data: { requestedBytes: boundBytes, usedBytes: usedBytes - idleBytes, limitBytes },
      },
    );
  }
}

/** Nothing can't be bound: where there is nothing, so much is, which has room for any number and vector. */
const emptyBoundBytes = 16;

/** As much as there is, so that `arrayLength` tells the truth. */
export const boundBytesOf = (byteLength: number): number =>
  byteLength === 0 ? emptyBoundBytes : Math.ceil(byteLength / 4) * 4;
