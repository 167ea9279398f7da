import type { Connection, Direct, Reader } from "../../scheduler/bus/direct.ts";
import { ConnectionError } from "../../scheduler/protocol/errors.ts";
import type { Faults } from "./faults.ts";

/** The types of what can be struck here, and by which faults. */
export const directRules = [
  /** The peer does not answer. */
  { type: "dial", fault: "lost" },
  /** The connection ends in the middle. */
  { type: "connection", fault: "lost" },
  /** Bytes come late, in their order. */
  { type: "connection", fault: "delayed" },
] as const;

/** A connection is cut after at most so many bytes. */
const mostBytes = 4 * 1024 * 1024;

/** Connections with nobody between, of which dialled ones are struck by faults: refused, cut, slow. */
export const faultyDirect = (direct: Direct, faults: Faults): Direct => ({
  listen: (accept, address) => direct.listen(accept, address),
  async dial(place, reader) {
    const where = JSON.stringify(place);
    if (faults.strike(["dial"], where, ["lost"])) throw new ConnectionError(`nobody answers at ${where}`);
    const fault = faults.strike(["connection"], where, ["lost", "delayed"]);
    if (fault === "lost") return cutOff(direct, place, reader, Math.floor(faults.random() * mostBytes));
    if (fault === "delayed") return direct.dial(place, new SlowReader(reader, faults));
    return direct.dial(place, reader);
  },
});

/** A connection that ends after so many bytes. */
async function cutOff(
  direct: Direct,
  place: Parameters<Direct["dial"]>[0],
  reader: Reader,
  leftBytes: number,
): Promise<Connection> {
  let connection: Connection | undefined;
  const cut: Reader = {
    room: () => reader.room(),
    took(byteCount) {
      leftBytes -= byteCount;
      // What is past the cut has not come.
      if (leftBytes > 0) reader.took(byteCount);
      else connection?.close();
    },
    ended: (error) => reader.ended(error),
  };
  connection = await direct.dial(place, cut);
  return connection;
}

/** Keeps what comes for a while, and gives it on in order. */
class SlowReader implements Reader {
  readonly #reader: Reader;
  readonly #faults: Faults;
  readonly #room = new Uint8Array(64 * 1024);
  #last: Promise<void> = Promise.resolve();
  #error: Error | undefined;

  constructor(reader: Reader, faults: Faults) {
    this.#reader = reader;
    this.#faults = faults;
  }

  room(): Uint8Array {
    return this.#room;
  }

  took(byteCount: number): void {
    if (this.#error !== undefined) throw this.#error;
    const bytes = this.#room.slice(0, byteCount);
    this.#then(() => {
      for (let at = 0; at < bytes.byteLength; ) {
        const room = this.#reader.room();
        const count = Math.min(room.byteLength, bytes.byteLength - at);
        room.set(bytes.subarray(at, at + count));
        at += count;
        this.#reader.took(count);
      }
    });
  }

  ended(error?: Error): void {
    this.#then(() => this.#reader.ended(this.#error ?? error));
  }

  #then(action: () => void): void {
    const waitMs = 20 * this.#faults.random();
    this.#last = this.#last
      .then(() => new Promise<void>((resolve) => setTimeout(resolve, waitMs)))
      .then(action)
      .catch((cause) => {
        this.#error ??= cause as Error;
      });
  }
}
