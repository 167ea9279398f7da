import type { Bus } from "../bus/bus.ts";
import { decodeObjectReply, encodeMessage } from "../protocol/codec.ts";
import { ConnectionError, ProtocolError } from "../protocol/errors.ts";
import type { ObjectReply, ObjectRequest } from "../protocol/messages.ts";
import { crc32 } from "./crc32.ts";
import { replyOverheadBytes } from "./serve.ts";

/** Chunks of this size are as fast as larger ones, and leave room for other messages between them. */
const chunkBytes = 256 * 1024;
/** Requests on their way at once: the credit of a transfer over the bus. */
const windowChunks = 4;
const requestTimeoutMs = 2_000;
/**
 * After so long, and then after twice as long each time, the same is asked again: of servers that are one cluster, that
 * of the other side may have died with the request or the reply.
 */
const askAgainMs = 250;

export const chunkBytesOf = (bus: Bus): number =>
  Math.min(chunkBytes, bus.maxPayloadBytes - replyOverheadBytes);

/** The reply to one request, which may be asked several times. */
function ask(bus: Bus, subject: string, payload: Uint8Array): Promise<Uint8Array> {
  const untilMs = performance.now() + requestTimeoutMs;
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const askFor = (waitMs: number) => {
      bus.request(subject, payload, untilMs - performance.now()).then(
        (reply) => {
          clearTimeout(timer);
          resolve(reply);
        },
        (error) => {
          clearTimeout(timer);
          reject(error);
        },
      );
      if (performance.now() + waitMs < untilMs) timer = setTimeout(() => askFor(2 * waitMs), waitMs);
    };
    askFor(askAgainMs);
  });
}

/**
 * One request and its reply.
 * @throws ConnectionError when nobody answers
 * @throws ProtocolError when the answer can't be believed
 */
export async function requestObject(bus: Bus, subject: string, request: ObjectRequest): Promise<ObjectReply> {
  const reply = decodeObjectReply(await ask(bus, subject, encodeMessage(request)));
  if (reply.data !== undefined && reply.sum !== undefined && crc32(reply.data) !== reply.sum) {
    throw new ProtocolError(
      `its bytes from ${request.offset} on do not have the sum that was sent with them`,
    );
  }
  return reply;
}

/**
 * Fetches what is missing of an object in chunks over the bus, as far as the peer answers.
 * @param doneBytes how far it is there
 * @returns how far it is there now
 * @throws ProtocolError when what comes can't be believed
 */
export async function pullChunks(
  bus: Bus,
  subject: string,
  id: string,
  object: Uint8Array,
  doneBytes: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const length = chunkBytesOf(bus);
  /** Where the chunks begin that are not there yet, of those that were asked for. */
  const missing = new Set<number>();
  let nextOffset = doneBytes;
  let isLost = false;
  const lane = async () => {
    while (nextOffset < object.byteLength && !isLost && !signal?.aborted) {
      const offset = nextOffset;
      nextOffset += length;
      missing.add(offset);
      const { data } = await requestObject(bus, subject, { id, offset, length });
      if (data?.byteLength !== Math.min(length, object.byteLength - offset)) isLost = true;
      else {
        object.set(data, offset);
        missing.delete(offset);
      }
    }
  };
  const lanes = Array.from({ length: windowChunks }, () =>
    lane().catch((error) => {
      isLost = true;
      return error as Error;
    }),
  );
  // All of them, since none may write any more when this is over.
  const errors = (await Promise.all(lanes)).filter((error) => error instanceof Error);
  const unbelievable = errors.find((error) => !(error instanceof ConnectionError));
  if (unbelievable !== undefined) throw unbelievable;
  return Math.min(nextOffset, object.byteLength, ...missing);
}
