import type { Bus, Subscription } from "../bus/bus.ts";
import { decodeObjectReply, decodeObjectRequest, encodeMessage } from "../protocol/codec.ts";
import { ObjectLostError } from "../protocol/errors.ts";
import type { ObjectReply, RefArg } from "../protocol/messages.ts";
import type { Peer, Subjects } from "../protocol/subjects.ts";

/** Chunks of this size are as fast as larger ones, and leave room for other messages between them. */
const chunkBytes = 256 * 1024;
/** What a reply carries beside its chunk, at the most. */
const replyOverheadBytes = 64;
/** Requests on their way at once: the credit that paces a transfer. */
const windowChunks = 4;
const requestTimeoutMs = 2_000;
/** How long a peer may be out of reach, as while it reconnects, before it is given up. */
const patienceMs = 5_000;
const retryWaitMs = 50;

/** Answers on `subject` for the objects that `find` knows. */
export function serveObjects(
  bus: Bus,
  subject: string,
  find: (id: string) => Uint8Array | undefined,
): Subscription {
  return bus.subscribe(subject, (payload, respond) => {
    const { id, offset, length } = decodeObjectRequest(payload);
    const object = find(id);
    const end = offset + Math.min(length, bus.maxPayloadBytes - replyOverheadBytes);
    const reply: ObjectReply =
      object === undefined ? { bytes: 0 } : { bytes: object.byteLength, data: object.subarray(offset, end) };
    respond(encodeMessage(reply));
  });
}

/**
 * Fetches an object's bytes from the first of its peers that has it.
 * @param allocate makes the memory, of a size in bytes, that it is put into
 * @param signal ends the attempt, which then rejects with its reason
 * @throws ObjectLostError when none of them has it
 */
export async function pullObject(
  bus: Bus,
  subjects: Subjects,
  { ref, at }: RefArg,
  allocate: (bytes: number) => Uint8Array,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  for (const peer of at) {
    const bytes = await pullFrom(bus, subjects.objects(peer), ref, allocate, signal);
    if (bytes !== undefined) return bytes;
  }
  throw new ObjectLostError(`object ${ref} is lost: ${describePeers(at)}`, {
    remedy: "Run the task that made it again, or put the value again.",
    data: { id: ref, at },
  });
}

async function pullFrom(
  bus: Bus,
  subject: string,
  id: string,
  allocate: (bytes: number) => Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  const length = Math.min(chunkBytes, bus.maxPayloadBytes - replyOverheadBytes);
  const pull = (offset: number) => patiently(bus, subject, encodeMessage({ id, offset, length }), signal);

  const first = await pull(0);
  if (first?.data === undefined) return undefined;
  const object = allocate(first.bytes);
  object.set(first.data);

  let nextOffset = first.data.byteLength;
  let isWhole = true;
  const pullRest = async () => {
    while (nextOffset < object.byteLength && isWhole) {
      const offset = nextOffset;
      nextOffset += length;
      const chunk = await pull(offset);
      if (chunk?.data?.byteLength === Math.min(length, object.byteLength - offset))
        object.set(chunk.data, offset);
      else isWhole = false;
    }
  };
  await Promise.all(Array.from({ length: windowChunks }, pullRest));
  return isWhole ? object : undefined;
}

/** The reply, or undefined when the peer has been out of reach for too long. */
async function patiently(
  bus: Bus,
  subject: string,
  request: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<ObjectReply | undefined> {
  let untilMs = performance.now() + patienceMs;
  while (true) {
    signal?.throwIfAborted();
    try {
      return decodeObjectReply(await bus.request(subject, request, requestTimeoutMs));
    } catch {
      // While nobody can be reached, nobody is given up.
      if (!bus.isConnected) untilMs = performance.now() + patienceMs;
      if (performance.now() > untilMs) return undefined;
      // A process that has nothing else to do may end meanwhile.
      await new Promise((resolve) => setTimeout(resolve, retryWaitMs).unref());
    }
  }
}

const describePeers = (at: Peer[]) =>
  at.length === 0
    ? "nobody holds it"
    : `${at.map(({ kind, id }) => `${kind} ${id}`).join(", ")} no longer has it`;
