import { type DecoderOptions, decode, Encoder } from "@msgpack/msgpack";
import { checkClaims } from "./check-claims.ts";
import { mostCauses, ProtocolError, type WireError } from "./errors.ts";
import { type Capability, capabilities, type Limits } from "./limits.ts";
import type { Holder, PeerMemory } from "./memory.ts";
import type {
  Arg,
  Door,
  Heartbeat,
  ObjectReply,
  ObjectRequest,
  Outcome,
  Packet,
  Task,
  ToClient,
  ToHost,
} from "./messages.ts";
import {
  bytes,
  count,
  countFrom1,
  exactly,
  finite,
  listOf,
  name,
  object,
  oneOf,
  port,
  record,
  type Shape,
  shortText,
  text,
  token,
  union,
} from "./shape.ts";
import type { Peer } from "./subjects.ts";

const encoder = new Encoder({ ignoreUndefined: true });

/** A message as MessagePack; fields that are undefined are left out. */
export const encodeMessage = (message: object): Uint8Array<ArrayBuffer> => encoder.encode(message);

/** MessagePack as plain data. @throws ProtocolError when it is malformed or truncated */
export function decodeMessagePack(payload: Uint8Array, options: DecoderOptions = {}): unknown {
  try {
    checkClaims(payload);
    return decode(payload, options);
  } catch (error) {
    throw new ProtocolError(`malformed MessagePack: ${(error as Error).message}`);
  }
}

const decoder =
  <T>(what: string, shape: Shape<T>) =>
  (payload: Uint8Array): T =>
    shape(decodeMessagePack(payload), what);

const peer: Shape<Peer> = object({ kind: oneOf("host", "client"), id: name });
const refArg = object({ ref: text, at: listOf(peer) });
const arg: Shape<Arg> = (value, path) => (value instanceof Uint8Array ? value : refArg(value, path));

/** What a task may say of how it is to be run, field by field. */
export const limitShapes = {
  ...{ timeoutMs: countFrom1, cpuMs: countFrom1, memoryBytes: count, maxArgumentBytes: count },
  ...{ maxResultBytes: count, maxLogBytes: count, maxNested: count },
} satisfies Record<keyof Limits, Shape<number>>;
export const grantShape: Shape<Capability[]> = listOf(oneOf(...capabilities));

const task: Shape<Task> = object(
  { id: text, module: text, kernel: text, args: listOf(arg) },
  {
    ...{ limits: object({}, limitShapes), grant: grantShape, seed: shortText },
    ...{ clock: listOf(finite), depth: count },
  },
);

/** What is deeper is dropped: nobody may fill our stack. */
const wireErrorOf = (causesLeft: number): Shape<WireError> =>
  object(
    { code: text, message: text },
    {
      ...{ remedy: text, data: record, stack: text },
      ...(causesLeft > 0 && { cause: wireErrorOf(causesLeft - 1) }),
    },
  );
export const wireError = wireErrorOf(mostCauses);

const outcome: Shape<Outcome> = union({
  value: object({ kind: exactly("value"), value: bytes }, { clock: listOf(finite) }),
  stored: object({ kind: exactly("stored"), bytes: count }, { clock: listOf(finite) }),
  error: object({ kind: exactly("error"), error: wireError }),
  returned: object({ kind: exactly("returned") }),
});

const toHost: Shape<ToHost> = union({
  task: object({ kind: exactly("task"), task }),
  release: object({ kind: exactly("release"), ids: listOf(text) }),
  cancel: object({ kind: exactly("cancel"), ids: listOf(text) }),
  bye: object({ kind: exactly("bye") }),
});

const toClient: Shape<ToClient> = union({
  result: object({ kind: exactly("result"), id: text, outcome }),
  progress: object({ kind: exactly("progress"), id: text, fraction: finite, text: shortText }),
});

const packet = <Message>(message: Shape<Message>): Shape<Packet<Message>> =>
  object(
    { from: name, session: text, seq: count, ack: count, messages: listOf(message) },
    { reset: exactly(true) },
  );

export const decodePacketToHost = decoder("packet", packet(toHost));
export const decodePacketToClient = decoder("packet", packet(toClient));
export const decodeObjectRequest: (payload: Uint8Array) => ObjectRequest = decoder(
  "request",
  object({ id: text, offset: count, length: count }, { door: exactly(true) }),
);
const place: Shape<Door["places"][number]> = (value, path) =>
  "socket" in record(value, path) ? socketPlace(value, path) : networkPlace(value, path);
const socketPlace = object({ socket: shortText });
const networkPlace = object({ host: shortText, port });

export const decodeObjectReply: (payload: Uint8Array) => ObjectReply = decoder(
  "reply",
  object(
    { bytes: count },
    { data: bytes, sum: count, coming: exactly(true), door: object({ token, places: listOf(place) }) },
  ),
);
const holder: Shape<Holder> = union({
  ref: object({ kind: exactly("ref") }),
  task: object({ kind: exactly("task"), label: text }),
  object: object({ kind: exactly("object"), id: text }),
  view: object({ kind: exactly("view") }),
  pin: object({ kind: exactly("pin") }),
});
export const decodePeerMemory: (payload: Uint8Array) => PeerMemory = decoder(
  "memory",
  object(
    {
      peer,
      objects: listOf(
        object(
          { owner: text, place: oneOf("memory", "disk", "none"), holders: listOf(holder) },
          { id: text, bytes: count, label: text, ageMs: finite },
        ),
      ),
      omittedCount: count,
    },
    {
      totals: object({
        ...{ capacityBytes: count, usedBytes: count, pinnedBytes: count },
        ...{ spilledBytes: count, idleBytes: count },
      }),
      clients: listOf(name),
    },
  ),
);
export const decodeHeartbeat: (payload: Uint8Array) => Heartbeat = decoder(
  "heartbeat",
  object(
    {
      v: count,
      host: name,
      epoch: count,
      cpus: count,
      queued: count,
      running: count,
      state: oneOf("up", "draining", "left"),
    },
    { rssBytes: count },
  ),
);
