import type { Connection, Direct, Place, Reader } from "../bus/direct.ts";
import { ProtocolError } from "../protocol/errors.ts";
import type { Door } from "../protocol/messages.ts";
import { encodeGreeting, encodeRequests, maxChunkBytes } from "./frames.ts";
import { Receiving } from "./receiving.ts";
import { tokenBytes } from "./tokens.ts";

/** The credit of a connection, in chunks: the next are on their way while one is checked. */
const aheadCount = 4;

/**
 * What crosses a network is summed to its last byte, in chunks small enough that one is summed while another travels.
 * Between processes of one machine the kernel copies it from memory to memory, which needs no sum more than memory
 * does: the sum of the beginning of each chunk tells bytes of another place or time, and all of them would halve the
 * rate. There, fewer chunks are faster. docs/decisions/0005 has the figures.
 */
const chunksOf = (place: Place) =>
  "socket" in place
    ? { chunkBytes: maxChunkBytes, summedBytes: 256 * 1024 }
    : { chunkBytes: 1024 * 1024, summedBytes: 1024 * 1024 };

/**
 * Fetches what is missing of an object through a peer's door, as far as the connection lasts.
 * @param doneBytes how far it is there
 * @returns how far it is there now
 * @throws ProtocolError when what comes can't be believed
 */
export async function pullDirect(
  direct: Direct,
  { token, places }: Door,
  object: Uint8Array,
  doneBytes: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  for (const place of places) {
    const chunks = chunksOf(place);
    const receiving = new Receiving({ object, offset: doneBytes, aheadCount, ...chunks });
    const hasConnected = await pullFrom(direct, place, receiving, { token, ...chunks }, signal);
    if (hasConnected) return receiving.doneBytes;
  }
  return doneBytes;
}

async function pullFrom(
  direct: Direct,
  place: Place,
  receiving: Receiving,
  greeting: { token: Uint8Array; summedBytes: number },
  signal: AbortSignal | undefined,
): Promise<boolean> {
  let connection: Connection | undefined;
  let onEnd = (_error?: Error) => {};
  const ended = new Promise<Error | undefined>((resolve) => {
    onEnd = resolve;
  });
  const ask = () => {
    const requests = receiving.requests();
    if (requests.length > 0) connection?.send([encodeRequests(requests)]);
  };
  const reader: Reader = {
    room: () => receiving.room(),
    took(byteCount) {
      const { doneBytes } = receiving;
      receiving.took(byteCount);
      if (receiving.isWhole) connection?.close();
      else if (receiving.doneBytes > doneBytes) ask();
    },
    ended: (error) => onEnd(error),
  };
  try {
    connection = await direct.dial(place, reader);
  } catch {
    return false;
  }
  const stop = () => connection?.close();
  signal?.addEventListener("abort", stop);
  connection.send([encodeGreeting(greeting, crypto.getRandomValues(new Uint8Array(tokenBytes)))]);
  ask();
  if (signal?.aborted) stop();
  const error = await ended;
  signal?.removeEventListener("abort", stop);
  if (error instanceof ProtocolError) throw error;
  return true;
}
