import { mostBytesPerMessage } from "../wire/byte-file.ts";
import type { DeviceMemory } from "./memory.ts";
import type { Part, Recorder } from "./recorder.ts";
import { mapWrite, usage } from "./usage.ts";

/** From here on it is worth to read into memory of the device, rather than to have Dawn copy it there. */
const largeBytes = 64 * 1024;
/** So many wait to be copied, or to be mapped again. */
const mostStaged = 4;

/** Brings the bytes of messages to the device. */
export class Uploads {
  readonly #device: GPUDevice;
  readonly #memory: DeviceMemory;
  readonly #recorder: Recorder;
  readonly #scratch = new Uint8Array(mostBytesPerMessage);
  readonly #mapped: Staged[] = [];
  #stagedCount = 0;

  constructor(device: GPUDevice, memory: DeviceMemory, recorder: Recorder) {
    this.#device = device;
    this.#memory = memory;
    this.#recorder = recorder;
  }

  /** Somewhere for so many bytes; the rest of it is to be zeroed by who takes it. */
  begin(byteLength: number): Upload {
    const staged = byteLength < largeBytes ? undefined : this.#stage();
    if (staged === undefined) {
      const { queue } = this.#device;
      return {
        bytes: this.#scratch,
        end: ({ block }, at, length) => queue.writeBuffer(block.buffer, at, this.#scratch, 0, length),
        drop() {},
      };
    }
    const { buffer, bytes } = staged;
    return {
      bytes,
      end: ({ block }, at, length) => {
        buffer.unmap();
        this.#recorder.copy(buffer, block.buffer, 0, at, length);
        this.#recorder.submit();
        // It fails only with the device, which is reported by itself.
        void buffer.mapAsync(mapWrite).then(
          () => this.#mapped.push(mappedOf(buffer)),
          () => {},
        );
      },
      drop: () => void this.#mapped.push(staged),
    };
  }

  #stage(): Staged | undefined {
    const mapped = this.#mapped.pop();
    if (mapped !== undefined || this.#stagedCount >= mostStaged) return mapped;
    this.#stagedCount++;
    this.#memory.count(mostBytesPerMessage);
    const flags = usage.MAP_WRITE | usage.COPY_SRC;
    return mappedOf(
      this.#device.createBuffer({ size: mostBytesPerMessage, usage: flags, mappedAtCreation: true }),
    );
  }
}

/** One that is mapped, with its memory, which can be asked for once. */
type Staged = { buffer: GPUBuffer; bytes: Uint8Array };

const mappedOf = (buffer: GPUBuffer): Staged => ({ buffer, bytes: new Uint8Array(buffer.getMappedRange()) });

export type Upload = {
  bytes: Uint8Array;
  /** Puts the first of them there. */
  end(part: Part, at: number, byteLength: number): void;
  /** There is nowhere to put them. */
  drop(): void;
};
