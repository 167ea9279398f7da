import { ProtocolError } from "../protocol/errors.ts";
import { crc32 } from "./crc32.ts";
import { type ChunkRequest, decodeHeader, headerBytes } from "./frames.ts";

export type ReceivingOptions = {
  /** The object's memory, of which all before `offset` is there. */
  object: Uint8Array;
  offset: number;
  chunkBytes: number;
  /** How many chunks are asked for ahead. */
  aheadCount: number;
  /** Of how many bytes of each chunk there is a sum. */
  summedBytes: number;
};

/** A puller's side of a direct connection, without the connection: bytes go straight into the object's memory. */
export class Receiving {
  readonly #options: ReceivingOptions;
  readonly #header = new Uint8Array(headerBytes);
  /** Chunks that were asked for, in order. */
  readonly #asked: ChunkRequest[] = [];
  #askedOffset: number;
  #headerCount = 0;
  #chunkCount = 0;
  #doneBytes: number;

  constructor(options: ReceivingOptions) {
    this.#options = options;
    this.#askedOffset = options.offset;
    this.#doneBytes = options.offset;
  }

  /** How far the object is there, its sums checked. */
  get doneBytes(): number {
    return this.#doneBytes;
  }

  get isWhole(): boolean {
    return this.#doneBytes === this.#options.object.byteLength;
  }

  /** What to ask for now; it then counts as asked for. */
  requests(): ChunkRequest[] {
    const { object, chunkBytes, aheadCount } = this.#options;
    const requests: ChunkRequest[] = [];
    while (this.#asked.length < aheadCount && this.#askedOffset < object.byteLength) {
      const length = Math.min(chunkBytes, object.byteLength - this.#askedOffset);
      const request = { offset: this.#askedOffset, length };
      this.#asked.push(request);
      requests.push(request);
      this.#askedOffset += length;
    }
    return requests;
  }

  room(): Uint8Array {
    if (this.#headerCount < headerBytes) return this.#header.subarray(this.#headerCount);
    const { offset, length } = this.#asked[0]!;
    return this.#options.object.subarray(offset + this.#chunkCount, offset + length);
  }

  /** @throws ProtocolError when the bytes are not those that were asked for, or not those that were sent */
  took(byteCount: number): void {
    const [chunk] = this.#asked;
    if (chunk === undefined) throw new ProtocolError("bytes that nobody asked for");
    if (this.#headerCount < headerBytes) {
      this.#headerCount += byteCount;
      if (this.#headerCount < headerBytes) return;
      const { length } = decodeHeader(this.#header);
      if (length !== chunk.length)
        throw new ProtocolError(`a chunk of ${length} bytes, not of ${chunk.length}`);
      return;
    }
    this.#chunkCount += byteCount;
    if (this.#chunkCount < chunk.length) return;
    const { object, summedBytes } = this.#options;
    const summed = object.subarray(chunk.offset, chunk.offset + Math.min(chunk.length, summedBytes));
    if (crc32(summed) !== decodeHeader(this.#header).sum) {
      throw new ProtocolError(
        `its bytes from ${chunk.offset} on do not have the sum that was sent with them`,
      );
    }
    this.#asked.shift();
    this.#headerCount = 0;
    this.#chunkCount = 0;
    this.#doneBytes += chunk.length;
  }
}
