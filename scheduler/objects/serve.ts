import type { Bus, Subscription } from "../bus/bus.ts";
import { decodeObjectRequest, encodeMessage } from "../protocol/codec.ts";
import type { ObjectReply, ObjectRequest } from "../protocol/messages.ts";
import { within } from "../time/within.ts";
import { crc32 } from "./crc32.ts";
import { Door } from "./door.ts";

/** What a reply carries beside its chunk, at the most. */
export const replyOverheadBytes = 128;
/** How long a peer that asks for what is on its way here waits to hear that it still is. */
const comingMs = 1_000;

/**
 * Finds an object's bytes: undefined for what is not here, a promise for what is on its way here. They stay as they are
 * for as long as they are reachable.
 */
export type FindObject = (id: string) => Uint8Array | undefined | Promise<Uint8Array>;

/**
 * Answers on `subject` for the objects that `find` knows: with the bytes, or, for what is too large for one answer,
 * with a door to fetch them from.
 * @param options.door where to fetch them; by default one that only this machine can reach
 */
export function serveObjects(
  bus: Bus,
  subject: string,
  find: FindObject,
  options: { door?: Door | undefined } = {},
): Subscription {
  const { direct } = bus;
  const door =
    options.door ?? (direct && new Door({ direct, address: undefined, nowMs: () => performance.now() }));
  const subscription = bus.subscribe(subject, (payload, respond) => {
    const request = decodeObjectRequest(payload);
    const found = find(request.id);
    const send = (reply: ObjectReply) => respond(encodeMessage(reply));
    if (found === undefined) send({ bytes: 0 });
    else void answer(bus, door, request, found).then(send);
  });
  return {
    unsubscribe() {
      subscription.unsubscribe();
      door?.close();
    },
  };
}

async function answer(
  bus: Bus,
  door: Door | undefined,
  { id, offset, length, door: canDial }: ObjectRequest,
  found: Uint8Array | Promise<Uint8Array>,
): Promise<ObjectReply> {
  let object: Uint8Array;
  try {
    object = found instanceof Uint8Array ? found : await within(comingMs, found, () => new StillComing(id));
  } catch (error) {
    return error instanceof StillComing ? { bytes: 0, coming: true } : { bytes: 0 };
  }
  const bytes = object.byteLength;
  const mostBytes = Math.min(length, bus.maxPayloadBytes - replyOverheadBytes);
  if (canDial && bytes - offset > mostBytes) {
    const opened = await door?.open(object);
    if (opened !== undefined) return { bytes, door: opened };
  }
  const data = object.subarray(offset, offset + mostBytes);
  // Inside one process, which has no door, nothing can happen to them.
  return door === undefined ? { bytes, data } : { bytes, data, sum: crc32(data) };
}

class StillComing extends Error {}
