import { type DecoderOptions, decode, Encoder } from "@msgpack/msgpack";
import { addressOf } from "./actor-address.ts";
import { checkClaims } from "./check-claims.ts";
import { mostCauses, ProtocolError, type WireError } from "./errors.ts";
import { type Capability, capabilities, type Limits } from "./limits.ts";
import type { Holder, PeerMemory } from "./memory.ts";
import {
  type Arg,
  type BorrowReply,
  type BorrowRequest,
  type CallOutcome,
  type DetachedActor,
  type Door,
  type GangMessage,
  type GangPlace,
  type GpuFacts,
  type Heartbeat,
  type Held,
  type ItemOutcome,
  type KeptState,
  type LinkReply,
  type LogEntry,
  type MadeDetached,
  type MakeDetached,
  type MemberNote,
  mostTemplates,
  type NamedActor,
  type ObjectReply,
  type ObjectRequest,
  type Outcome,
  type OwnedArg,
  type Packet,
  type RefArg,
  type Resources,
  type Task,
  type Template,
  type ToCaller,
  type ToClient,
  type ToHost,
  type ToOwner,
  type WaitMessage,
  type WaitStep,
  type WaitTarget,
} from "./messages.ts";
import { type Rare, RunWriter, readCalls, readValues } from "./run.ts";
import {
  bytes,
  count,
  countFrom1,
  exactly,
  finite,
  flag,
  list,
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
const peers = listOf(peer);
const refArg: Shape<RefArg> = object({ ref: text, at: peers });
const arg: Shape<Arg> = (value, path) => (value instanceof Uint8Array ? value : refArg(value, path));

/** What a task may say of how it is to be run, field by field. */
export const limitShapes = {
  ...{ timeoutMs: countFrom1, cpuMs: countFrom1, memoryBytes: count, maxArgumentBytes: count },
  ...{ maxResultBytes: count, maxLogBytes: count, maxNested: count },
} satisfies Record<keyof Limits, Shape<number>>;
export const grantShape: Shape<Capability[]> = listOf(oneOf(...capabilities));

/** Zero or more. */
const amount: Shape<number> = (value, path) => {
  if (finite(value, path) >= 0) return value as number;
  throw new ProtocolError(`${path} must not be negative`, { data: { path } });
};
const resources: Shape<Resources> = (value, path) => {
  const amounts = record(value, path);
  for (const [name, each] of Object.entries(amounts)) amount(each, `${path}.${name}`);
  return amounts as Resources;
};
const labels: Shape<Record<string, string>> = (value, path) => {
  const given = record(value, path);
  for (const [name, each] of Object.entries(given)) shortText(each, `${path}.${name}`);
  return given as Record<string, string>;
};

const gangPlace: Shape<GangPlace> = (value, path) => {
  const place = object({ group: name, rank: count, size: countFrom1 })(value, path);
  if (place.rank < place.size) return place;
  throw new ProtocolError(`${path}.rank must be below its size`, { data: { path: `${path}.rank` } });
};

const templateFields = { module: text, kernel: text };
const templateOptions = {
  ...{ limits: object({}, limitShapes), grant: grantShape },
  ...{ clock: listOf(finite), depth: count, need: resources, priority: finite },
  ...{ stream: countFrom1, gang: countFrom1 },
  once: exactly(true),
  timedAs: shortText,
  actor: object(
    { id: text, does: oneOf("make", "restore", "call", "save", "take") },
    { method: countFrom1, maxConcurrency: countFrom1, seed: shortText, gang: gangPlace },
  ),
  bundle: object({ group: text, index: count }),
};
/** What each call may say of itself. */
const ownOptions = { seed: shortText, ttlMs: amount, leftMs: amount, hops: count, taken: count };
const template: Shape<Template> = object(templateFields, templateOptions);
const task: Shape<Task> = object(
  { ...templateFields, id: text, args: listOf(arg) },
  { ...templateOptions, ...ownOptions },
);

const own = object({}, ownOptions);
const rare: Rare = {
  encode: (value) => encoder.encode(value),
  ref: (payload, path) => refArg(decodeMessagePack(payload), `${path}.args`),
  own: (payload, path) => own(decodeMessagePack(payload), `${path}.own`),
};

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
  returned: object({ kind: exactly("returned") }, { isFull: exactly(true), to: name }),
});

const itemOutcome: Shape<ItemOutcome> = union({
  value: object({ kind: exactly("value"), value: bytes }),
  stored: object({ kind: exactly("stored"), bytes: count }),
  error: object({ kind: exactly("error"), error: wireError }),
});

const templateNumber: Shape<number> = (value, path) => {
  if (count(value, path) < mostTemplates) return value as number;
  throw new ProtocolError(`${path} must be below ${mostTemplates}`, { data: { path } });
};

const toHost: Shape<ToHost> = union({
  task: object({ kind: exactly("task"), task }),
  template: object({ kind: exactly("template"), number: templateNumber, template }),
  release: object({ kind: exactly("release"), ids: listOf(text) }),
  cancel: object({ kind: exactly("cancel"), ids: listOf(text) }),
  taken: object({ kind: exactly("taken"), id: text, count }),
  reserve: object({
    ...{ kind: exactly("reserve"), group: text, attempt: count },
    bundles: listOf(object({ index: count, need: resources })),
  }),
  unreserve: object({ kind: exactly("unreserve"), group: text, indexes: listOf(count) }),
  endGang: object({ kind: exactly("endGang"), group: name }),
  ping: object({ kind: exactly("ping") }),
  endActors: object({ kind: exactly("endActors"), ids: listOf(text) }),
  gone: object({ kind: exactly("gone"), host: name }),
  keep: object({ kind: exactly("keep"), id: text, at: peers }),
  bye: object({ kind: exactly("bye") }),
});

const toClient: Shape<ToClient> = union({
  result: object({ kind: exactly("result"), id: text, outcome }),
  item: object({ kind: exactly("item"), id: text, index: count, outcome: itemOutcome }),
  progress: object({ kind: exactly("progress"), id: text, fraction: finite, text: shortText }),
  kept: object({ kind: exactly("kept"), id: text }, { bytes: count }),
  reserved: object({ kind: exactly("reserved"), group: text, attempt: count, isHeld: flag }),
  load: object(
    {
      ...{ kind: exactly("load"), queued: count, running: count, waitMs: amount },
      ran: listOf(object({ kernel: text, count: countFrom1, ms: amount })),
    },
    { unreserved: resources },
  ),
});

const ownedArg: Shape<OwnedArg> = (value, path) =>
  value instanceof Uint8Array ? value : object({ ref: text, owner: name })(value, path);
const toOwner: Shape<ToOwner> = union({
  callActor: object(
    {
      ...{ kind: exactly("callActor"), number: count, actor: text, method: shortText },
      ...{ args: listOf(ownedArg), least: count },
    },
    { isAgain: exactly(true) },
  ),
  cancelCall: object({ kind: exactly("cancelCall"), number: count }),
  tookResult: object({ kind: exactly("tookResult"), number: count }),
  killActor: object({ kind: exactly("killActor"), actor: text }),
  moveActor: object({ kind: exactly("moveActor"), actor: text, host: name }),
});
const callOutcome: Shape<CallOutcome> = union({
  value: object({ kind: exactly("value"), value: bytes }),
  object: object({ kind: exactly("object"), id: text }),
  error: object({ kind: exactly("error"), error: wireError }),
  moved: object({ kind: exactly("moved") }),
});
const toCaller: Shape<ToCaller> = object({
  ...{ kind: exactly("callEnded"), number: count },
  outcome: callOutcome,
});

const loggedCall = { caller: name, number: count, method: shortText, args: listOf(bytes) };
const logEntry: Shape<LogEntry> = union({
  call: object({ kind: exactly("call"), ...loggedCall }),
  failed: object({ kind: exactly("failed"), caller: name, number: count }),
});
export const decodeLogEntries: (payload: Uint8Array) => LogEntry[] = decoder("log", listOf(logEntry));
const detachedActor: Shape<DetachedActor> = object(
  {
    ...{ key: name, host: name, formers: listOf(name), label: shortText, options: record },
    ...{ args: listOf(bytes), restartsLeft: count },
  },
  { isFree: exactly(true) },
);
/** A malformed one is an error of the protocol here. */
const actorAddress: Shape<string> = (value, path) => {
  const given = text(value, path);
  try {
    addressOf(given);
    return given;
  } catch {
    throw new ProtocolError(`${path} must be the address of an actor`, { data: { path } });
  }
};
export const decodeNamedActor: (payload: Uint8Array) => NamedActor = decoder(
  "actor",
  object({ address: actorAddress }, { detached: detachedActor }),
);
export const decodeKeptState: (payload: Uint8Array) => KeptState = decoder(
  "state",
  object(
    {
      ...{ at: count, calls: listOf(object(loggedCall)) },
      answers: listOf(object({ caller: name, number: count, outcome: callOutcome })),
    },
    { snapshot: bytes },
  ),
);
export const decodeMakeDetached: (payload: Uint8Array) => MakeDetached = decoder(
  "detached",
  object({
    ...{ key: name, namespace: name, name, getIfExists: flag, sha256: text, actor: text },
    ...{ label: shortText, options: record, args: listOf(bytes) },
  }),
);
export const decodeMadeDetached: (payload: Uint8Array) => MadeDetached = decoder(
  "detached",
  union({
    made: object({ kind: exactly("made"), address: actorAddress }),
    error: object({ kind: exactly("error"), error: wireError }),
  }),
);

const waitStep: Shape<WaitStep> = object({
  id: text,
  label: shortText,
  at: name,
  number: count,
  beat: count,
});
const someSteps: Shape<WaitStep[]> = (value, path) => {
  const steps = listOf(waitStep)(value, path);
  if (steps.length > 0) return steps;
  throw new ProtocolError(`${path} must not be empty`, { data: { path } });
};
const waitTarget: Shape<WaitTarget> = object({ id: text }, { method: shortText });
export const decodeWait: (payload: Uint8Array) => WaitMessage = decoder(
  "wait",
  union({
    waits: object({ kind: exactly("waits"), step: waitStep, to: waitTarget }),
    probe: object({ kind: exactly("probe"), steps: someSteps, to: waitTarget }),
    circle: object({ kind: exactly("circle"), steps: someSteps }),
  }),
);

/** Messages in order; each is one, or a run of many. */
const messages =
  <Message>(message: Shape<Message>, run: ReadRun<Message>): Shape<Message[]> =>
  (value, path) => {
    const read: Message[] = [];
    for (const [index, each] of list(value, path).entries()) {
      const place = `${path}[${index}]`;
      if (each instanceof Uint8Array) read.push(...run(each, place, rare));
      else read.push(message(each, place));
    }
    return read;
  };
const noRuns = (_: Uint8Array, path: string): never => {
  throw new ProtocolError(`${path} must be a message`, { data: { path } });
};
type ReadRun<Message> = (run: Uint8Array, path: string, rare: Rare) => Message[];

const packet = <Message>(message: Shape<Message>, run: ReadRun<Message>): Shape<Packet<Message>> =>
  object(
    { from: name, session: text, seq: count, ack: count, messages: messages(message, run) },
    { reset: exactly(true), missed: exactly(true), life: text },
  );

export const decodePacketToHost = decoder("packet", packet<ToHost>(toHost, readCalls));
export const decodePacketToClient = decoder("packet", packet<ToClient>(toClient, readValues));
export const decodePacketToOwner = decoder("packet", packet<ToOwner>(toOwner, noRuns));
export const decodePacketToCaller = decoder("packet", packet<ToCaller>(toCaller, noRuns));

const runs = new RunWriter(rare.encode);

/** A packet, its calls and values as runs. */
export function encodePacket(packet: Packet<ToHost | ToClient>): Uint8Array<ArrayBuffer> {
  const parts: object[] = [];
  let isInRun = false;
  const endRun = () => {
    if (isInRun) parts.push(runs.written.slice());
    isInRun = false;
  };
  for (const message of packet.messages) {
    if (message.kind !== "call" && message.kind !== "value") {
      endRun();
      parts.push(message);
      continue;
    }
    if (!isInRun) runs.begin();
    isInRun = true;
    if (message.kind === "call") runs.call(message);
    else runs.value(message);
  }
  endRun();
  return encoder.encode({ ...packet, messages: parts });
}
export const decodeObjectRequest: (payload: Uint8Array) => ObjectRequest = decoder(
  "request",
  object({ id: text, offset: count, length: count }, { door: exactly(true) }),
);
export const decodeBorrowRequest: (payload: Uint8Array) => BorrowRequest = decoder(
  "borrow",
  object({ id: text, borrower: name }, { missing: listOf(name), isBack: exactly(true) }),
);
export const decodeHeld: (payload: Uint8Array) => Held = decoder(
  "held",
  object({ borrower: name, ids: listOf(text) }),
);
export const decodeBorrowReply: (payload: Uint8Array) => BorrowReply = decoder(
  "borrow",
  union({
    value: object({ kind: exactly("value"), value: bytes }),
    stored: object({ kind: exactly("stored"), bytes: count, hosts: listOf(name) }),
    error: object({ kind: exactly("error"), error: wireError }),
    pending: object({ kind: exactly("pending") }),
    unknown: object({ kind: exactly("unknown") }),
  }),
);
export const decodeDrain: (payload: Uint8Array) => { deadlineMs: number } = decoder(
  "drain",
  object({ deadlineMs: amount }),
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
export const decodeMemberNote: (payload: Uint8Array) => MemberNote = decoder(
  "member",
  object({ group: name, rank: count, host: name, state: oneOf("joined", "returned") }),
);
const pair = { group: name, from: count, to: count };
export const decodeGangMessage: (payload: Uint8Array) => GangMessage = decoder(
  "gang",
  union({
    link: object(
      { kind: exactly("link"), by: oneOf("file", "opened", "door", "bus"), host: name, ...pair },
      { machine: shortText },
    ),
    bytes: object(
      { kind: exactly("bytes"), number: count, taken: count, data: bytes, ...pair },
      { isEnd: exactly(true) },
    ),
  }),
);
export const decodeLinkReply: (payload: Uint8Array) => LinkReply = decoder(
  "link",
  object(
    {},
    {
      file: object({ pid: count, descriptor: count }),
      door: object({ token, places: listOf(place) }),
    },
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
          { owner: text, place: oneOf("memory", "disk", "gpu", "none"), holders: listOf(holder) },
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
const gpu: Shape<GpuFacts> = object({
  name: shortText,
  vendor: shortText,
  isSoftware: flag,
  features: listOf(shortText),
  limits: resources,
  memoryBytes: count,
});

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
    { rssBytes: count, waitMs: amount, beatMs: countFrom1, resources, labels, gpu, unreserved: resources },
  ),
);
