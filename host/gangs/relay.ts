import type { Connection, Reader } from "../../scheduler/bus/direct.ts";
import { ProtocolError } from "../../scheduler/protocol/errors.ts";
import { type ByteRing, streamEnd, theHost } from "../ring/byte-ring.ts";

/** The most that is sent at once. */
const mostBytes = 256 * 1024;

/** How a relay sends: a part of the stream, and how many bytes of the other stream were taken here since the last time. */
export type Carrier = {
  mostBytes: number;
  /** Calls back when there is room for more; until then, the bytes must not change. */
  send(data: Uint8Array, taken: number, isEnd: boolean, sent: () => void): void;
  close(): void;
};

/**
 * The two streams between a member here and one on another host. It sends no more than the other side has room for, so that
 * what comes always has its place: each side has a ring of the same size for it.
 */
export class Relay {
  readonly #out: ByteRing;
  readonly #in: ByteRing;
  readonly #capacity: number;
  #carrier: Carrier | undefined;
  /** How much the other side has room for, and how much of what has come was taken that it was not told of. */
  #credit: number;
  #inside = 0;
  #isSending = false;
  #hasSentEnd = false;
  #isOver = false;

  /** @param capacity of both rings */
  constructor(out: ByteRing, from: ByteRing, capacity: number) {
    this.#out = out;
    this.#in = from;
    this.#capacity = capacity;
    this.#credit = capacity;
  }

  /** From now on, it goes by this. */
  start(carrier: Carrier): void {
    this.#carrier = carrier;
    this.pump();
  }

  /** Sends what there is to send, and tells what was taken here. */
  pump(): void {
    if (this.#carrier === undefined || this.#isOver) return;
    this.#out.readerSleeps(theHost);
    this.#in.writerSleeps(theHost);
    if (this.#isSending) return;
    // Whoever ends has written all.
    const isEnded = this.#out.ended !== streamEnd.open;
    const data = this.#out.readable().subarray(0, Math.min(this.#credit, this.#carrier.mostBytes));
    const taken = this.#inside - this.#in.unreadBytes;
    const isEnd = isEnded && this.#out.unreadBytes === data.byteLength && !this.#hasSentEnd;
    if (data.byteLength === 0 && taken < this.#capacity / 4 && !isEnd) return;
    this.#credit -= data.byteLength;
    this.#inside -= taken;
    this.#hasSentEnd ||= isEnd;
    this.#isSending = true;
    this.#carrier.send(data, taken, isEnd, () => {
      this.#out.took(data.byteLength);
      this.#isSending = false;
      this.pump();
    });
  }

  /** Where the next bytes of a part go that has so many left. */
  room(leftBytes: number): Uint8Array {
    return this.#in.writable(leftBytes);
  }

  /** So many bytes are there. */
  came(byteCount: number): void {
    this.#inside += byteCount;
    this.#in.wrote(byteCount);
  }

  /** The other side says what it took, and, when it is at its end, that nothing more comes. @throws ProtocolError */
  heard(taken: number, comingBytes: number): void {
    this.#credit += taken;
    if (this.#credit > this.#capacity || this.#inside + comingBytes > this.#capacity)
      throw new ProtocolError("more bytes than there is room for");
    if (taken > 0) this.pump();
  }

  ended(): void {
    this.#in.end(streamEnd.closed);
    // Nobody is there to take it.
    this.#out.end(streamEnd.closed);
  }

  /** The way is broken: who waits for the other hears so. */
  broke(): void {
    this.close();
    this.#in.end(streamEnd.broken);
    this.#out.end(streamEnd.broken);
  }

  close(): void {
    this.#isOver = true;
    this.#carrier?.close();
  }
}

// Over a connection, each part has a header: u32 bytes, u32 taken, u32 1 when it is the last; little-endian.
const headerBytes = 12;

/** A connection over which nothing goes for long is given up; members may compute for longer. */
const keepaliveMs = 10_000;

/** A relay's way over a connection. */
export function carrierOver(connection: Connection): Carrier {
  const send: Carrier["send"] = (data, taken, isEnd, sent) => {
    const header = new Uint8Array(headerBytes);
    const view = new DataView(header.buffer);
    for (const [index, value] of [data.byteLength, taken, Number(isEnd)].entries())
      view.setUint32(4 * index, value, true);
    connection.send(data.byteLength > 0 ? [header, data] : [header], sent);
  };
  const timer = setInterval(() => send(new Uint8Array(), 0, false, () => {}), keepaliveMs);
  timer.unref();
  return {
    mostBytes,
    send,
    close() {
      clearInterval(timer);
      connection.close();
    },
  };
}

/** Takes what comes over a connection, straight into the ring of who waits for it. */
export function readerOf(relay: Relay): Reader {
  const header = new Uint8Array(headerBytes);
  const view = new DataView(header.buffer);
  let headerCount = 0;
  let leftBytes = 0;
  const next = () => {
    if (leftBytes > 0) return;
    headerCount = 0;
    if (view.getUint32(8, true) === 1) relay.ended();
  };
  return {
    room: () => (headerCount < headerBytes ? header.subarray(headerCount) : relay.room(leftBytes)),
    took(byteCount) {
      if (headerCount === headerBytes) {
        leftBytes -= byteCount;
        relay.came(byteCount);
        next();
        return;
      }
      headerCount += byteCount;
      if (headerCount < headerBytes) return;
      leftBytes = view.getUint32(0, true);
      relay.heard(view.getUint32(4, true), leftBytes);
      next();
    },
    ended: () => relay.broke(),
  };
}
