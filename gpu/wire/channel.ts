import { readSync, writeSync } from "node:fs";
import type { Socket } from "node:net";
import { fileBytes } from "./byte-file.ts";

/**
 * Messages between the two processes, in order. What a message says goes through a socket as JSON, the bytes that it takes along
 * through a file in memory, which costs one copy on each side; the socket's own bytes would cost twice that.
 *
 * A frame on the socket is three u32, then JSON: how long that is, how many bytes the message has in the file, and how many
 * bytes of the other direction's file its sender has taken out since the last frame. The file of a direction is a ring.
 */
const headBytes = 12;

/** Whoever has taken so much out of the file says so without waiting for a message that could say it on the way. */
const quietBytes = fileBytes / 4;

/** To copy so much takes longer than to wake a process. */
const urgentBytes = 512 * 1024;

export type ChannelDeps = {
  socket: Socket;
  /** Descriptors of the files for what goes out and what comes in. */
  outFile: number;
  inFile: number;
  /**
   * A message is there. Its bytes have to be taken by `take` before this returns. While a promise that it returns is pending,
   * no further message is delivered.
   */
  receive(message: unknown, byteLength: number, take: Take): Promise<void> | undefined;
};

/** Reads the next bytes of the message, as many as fit. */
export type Take = (into: Uint8Array) => void;

type Waiting = { message: unknown; bytes: Uint8Array; sent: () => void };

export class Channel {
  readonly #deps: ChannelDeps;
  readonly #waiting: Waiting[] = [];
  /** Bytes that were put into the file, and those that the other side has taken. */
  #written = 0;
  #free = fileBytes;
  #read = 0;
  #unsaid = 0;
  #received: Buffer = Buffer.alloc(0);
  #isBusy = false;
  #isCorked = false;

  constructor(deps: ChannelDeps) {
    this.#deps = deps;
    deps.socket.on("data", (bytes: Buffer) => {
      this.#received = this.#received.byteLength === 0 ? bytes : Buffer.concat([this.#received, bytes]);
      this.#deliver();
    });
  }

  /**
   * Sends a message with at most `mostBytesPerMessage` bytes, which stay as they are until the returned promise resolves;
   * undefined when they were taken at once.
   */
  send(message: unknown, bytes: Uint8Array = none): Promise<void> | undefined {
    if (this.#waiting.length === 0 && bytes.byteLength <= this.#free) return void this.#put(message, bytes);
    return new Promise((sent) => this.#waiting.push({ message, bytes, sent }));
  }

  #put(message: unknown, bytes: Uint8Array): void {
    let count = 0;
    while (count < bytes.byteLength) {
      const at = this.#written % fileBytes;
      const length = Math.min(bytes.byteLength - count, fileBytes - at);
      count += writeSync(this.#deps.outFile, bytes, count, length, at);
      this.#written += length;
    }
    this.#free -= bytes.byteLength;
    this.#write(JSON.stringify(message), bytes.byteLength);
  }

  /**
   * All frames of one turn of the event loop are one write, which wakes the other process once; but where there is much to
   * copy, it is to begin while this one goes on.
   */
  #write(text: string, byteLength: number): void {
    const { socket } = this.#deps;
    if (!this.#isCorked) {
      this.#isCorked = true;
      socket.cork();
      // After all microtasks.
      process.nextTick(() => this.flush());
    }
    const length = Buffer.byteLength(text);
    const frame = Buffer.allocUnsafe(headBytes + length);
    frame.writeUInt32LE(length, 0);
    frame.writeUInt32LE(byteLength, 4);
    frame.writeUInt32LE(this.#unsaid, 8);
    frame.write(text, headBytes);
    const isUrgent = byteLength + this.#unsaid >= urgentBytes;
    this.#unsaid = 0;
    socket.write(frame);
    if (isUrgent) this.flush();
  }

  /** Sends at once what would wait for the end of the turn. */
  flush(): void {
    if (!this.#isCorked) return;
    this.#isCorked = false;
    this.#deps.socket.uncork();
  }

  #deliver(): void {
    while (!this.#isBusy && this.#received.byteLength >= headBytes) {
      const length = this.#received.readUInt32LE(0);
      const end = headBytes + length;
      if (this.#received.byteLength < end) break;
      const byteLength = this.#received.readUInt32LE(4);
      const taken = this.#received.readUInt32LE(8);
      const text = this.#received.toString("utf8", headBytes, end);
      this.#received = this.#received.subarray(end);
      if (taken > 0) this.#hasRoom(taken);
      if (length > 0) this.#hand(JSON.parse(text), byteLength);
    }
  }

  #hand(message: unknown, byteLength: number): void {
    const end = this.#read + byteLength;
    const pending = this.#deps.receive(message, byteLength, (into) => this.#take(into));
    this.#unsaid += end - this.#read;
    this.#read = end;
    if (this.#unsaid >= quietBytes) this.#write("", 0);
    if (pending === undefined) return;
    this.#isBusy = true;
    void pending.finally(() => {
      this.#isBusy = false;
      this.#deliver();
    });
  }

  #take(into: Uint8Array): void {
    let count = 0;
    while (count < into.byteLength) {
      const at = this.#read % fileBytes;
      const length = Math.min(into.byteLength - count, fileBytes - at);
      count += readSync(this.#deps.inFile, into, count, length, at);
      this.#read += length;
      this.#unsaid += length;
    }
  }

  #hasRoom(bytes: number): void {
    this.#free += bytes;
    for (let next = this.#waiting[0]; next && next.bytes.byteLength <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#put(next.message, next.bytes);
      next.sent();
    }
  }
}

const none = new Uint8Array();
