import { readSync, writeSync } from "node:fs";
import { ringCapacity, streamEnd } from "../ring/byte-ring.ts";

// The same as host/ring/byte-ring.ts between two processes of one machine, through a file in memory that both have open:
// reading and writing it copies the bytes, with no event loop between. A file has two rings, first that from the lower rank
// to the higher, each on pages of its own:
//
//     0     u32, written by the writer
//     64    u32, taken by the reader
//     128   u32, how the stream has ended, one of `streamEnd`
//     4096  the bytes

const writtenAt = 0;
const takenAt = 64;
const endAt = 128;
const headerBytes = 4_096;

const ringBytes = (size: number) => headerBytes + ringCapacity(size);

/** How large the file of two members is, in a gang of so many. */
export const pairFileBytes = (size: number): number => 2 * ringBytes(size);

/** One end of the stream from one member to another. Nobody wakes who waits for it: it has to be looked at. */
export class FileRing {
  readonly #file: number;
  readonly #start: number;
  readonly #capacity: number;
  readonly #word = new Uint32Array(1);
  /** As far as this end knows. */
  #written = 0;
  #taken = 0;

  /** @param file its descriptor, which is the host's to close */
  constructor(file: number, size: number, from: number, to: number) {
    this.#file = file;
    this.#start = from < to ? 0 : ringBytes(size);
    this.#capacity = ringCapacity(size);
  }

  /** Puts in as much as there is room for. Returns how many bytes that was. */
  write(bytes: Uint8Array): number {
    if (this.#free < bytes.byteLength) this.#taken = this.#get(takenAt);
    let count = 0;
    while (count < bytes.byteLength && this.#free > 0) {
      const at = this.#written % this.#capacity;
      const length = Math.min(this.#free, bytes.byteLength - count, this.#capacity - at);
      writeSync(this.#file, bytes, count, length, this.#start + headerBytes + at);
      count += length;
      this.#written = (this.#written + length) >>> 0;
    }
    if (count > 0) this.#put(writtenAt, this.#written);
    return count;
  }

  /** Takes as much as is there and has room. Returns how many bytes that was. */
  read(into: Uint8Array): number {
    if (this.#ready < into.byteLength) this.#written = this.#get(writtenAt);
    let count = 0;
    while (count < into.byteLength && this.#ready > 0) {
      const at = this.#taken % this.#capacity;
      const length = Math.min(this.#ready, into.byteLength - count, this.#capacity - at);
      readSync(this.#file, into, count, length, this.#start + headerBytes + at);
      count += length;
      this.#taken = (this.#taken + length) >>> 0;
    }
    if (count > 0) this.#put(takenAt, this.#taken);
    return count;
  }

  /** There will be no more. */
  end(how: typeof streamEnd.closed): void {
    if (this.ended === streamEnd.open) this.#put(endAt, how);
  }

  /** How it has ended, of which the reader hears when it has taken all. */
  get ended(): number {
    return this.#get(endAt);
  }

  /** Nobody could wake it. */
  readerSleeps(): void {}
  writerSleeps(): void {}

  get #free(): number {
    return this.#capacity - this.#ready;
  }

  get #ready(): number {
    return (this.#written - this.#taken) >>> 0;
  }

  #get(at: number): number {
    readSync(this.#file, this.#word, 0, 4, this.#start + at);
    return this.#word[0]!;
  }

  #put(at: number, value: number): void {
    this.#word[0] = value;
    writeSync(this.#file, this.#word, 0, 4, this.#start + at);
  }
}
