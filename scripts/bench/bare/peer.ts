import { connect, createInbox } from "nats";
import { check } from "../measure.ts";

const chunkBytes = 256 * 1024;
const timeoutMs = 10_000;

/** This process's bare NATS connection to an echo process. */
export type Peer = {
  /** The client's own request/reply. */
  request(index: number): Promise<void>;
  /** Request/reply by one inbox and a map: with many outstanding, the client's own takes several times as long. */
  call(index: number): Promise<void>;
  /** Publishes these bytes in chunks and waits until the other side has them all. */
  stream(bytes: Uint8Array): Promise<void>;
  stop(): Promise<void>;
};

export async function connectPeer(servers: string): Promise<Peer> {
  const connection = await connect({ servers });
  const inbox = createInbox();
  const pending = new Map<number, () => void>();
  connection.subscribe(inbox, {
    callback(_, message) {
      const index = decode(message.data);
      pending.get(index)!();
      pending.delete(index);
    },
  });
  return {
    async request(index) {
      const reply = await connection.request("echo", encode(index), { timeout: timeoutMs });
      check("the echo over NATS", decode(reply.data), index);
    },
    call: (index) =>
      new Promise((resolve) => {
        pending.set(index, resolve);
        connection.publish("echo", encode(index), { reply: inbox });
      }),
    async stream(bytes) {
      for (let start = 0; start < bytes.byteLength; start += chunkBytes) {
        connection.publish("sink", bytes.subarray(start, start + chunkBytes));
      }
      const reply = await connection.request("sink", new Uint8Array(), { timeout: timeoutMs });
      check("the stream over NATS", Number(reply.string()), bytes.byteLength);
    },
    stop: () => connection.close(),
  };
}

/** Two numbers, as much as a task of two numbers has to carry. */
function encode(index: number): Uint8Array {
  return new Uint8Array(Float64Array.of(index, 1).buffer);
}

function decode(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, true);
}
