import { ProtocolError } from "../protocol/errors.ts";
import { crc32 } from "./crc32.ts";
import {
  type ChunkRequest,
  decodeGreeting,
  decodeRequest,
  encodeHeader,
  greetingBytes,
  maxRequests,
  requestBytes,
} from "./frames.ts";

/**
 * A holder's side of a direct connection, without the connection: it takes bytes in, and says what to send. It sends
 * what was asked for and no more, so the requests are the credit; and it keeps nothing but these, whoever is slow.
 */
export class Serving {
  readonly #redeem: (token: Uint8Array) => Uint8Array | undefined;
  readonly #frame = new Uint8Array(greetingBytes);
  #frameBytes = 0;
  #opened: { object: Uint8Array; summedBytes: number } | undefined;
  readonly #requests: ChunkRequest[] = [];

  /** @param redeem the object that a token was given for */
  constructor(redeem: (token: Uint8Array) => Uint8Array | undefined) {
    this.#redeem = redeem;
  }

  /** Whether a token was shown. */
  get isGreeted(): boolean {
    return this.#opened !== undefined;
  }

  room(): Uint8Array {
    return this.#frame.subarray(this.#frameBytes, this.#opened === undefined ? greetingBytes : requestBytes);
  }

  /** @throws ProtocolError for whatever a peer would not say */
  took(byteCount: number): void {
    const isWhole = byteCount === this.room().byteLength;
    this.#frameBytes += byteCount;
    if (!isWhole) return;
    this.#frameBytes = 0;
    if (this.#opened === undefined) {
      const { token, summedBytes } = decodeGreeting(this.#frame);
      const object = this.#redeem(token);
      if (object === undefined) throw new ProtocolError("no such token");
      this.#opened = { object, summedBytes };
    } else {
      if (this.#requests.length >= maxRequests) throw new ProtocolError("too many requests at once");
      this.#requests.push(decodeRequest(this.#frame, this.#opened.object.byteLength));
    }
  }

  /** What to send next: a header and a part of the object; undefined when nothing is asked for. */
  next(): [header: Uint8Array, chunk: Uint8Array] | undefined {
    const request = this.#requests.shift();
    if (request === undefined || this.#opened === undefined) return undefined;
    const { object, summedBytes } = this.#opened;
    const chunk = object.subarray(request.offset, request.offset + request.length);
    return [encodeHeader({ length: request.length, sum: crc32(chunk.subarray(0, summedBytes)) }), chunk];
  }
}
