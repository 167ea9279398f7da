import {
  decodePacketToCaller,
  decodePacketToClient,
  decodePacketToHost,
  decodePacketToOwner,
} from "../../scheduler/protocol/codec.ts";
import type { Packet, ToCaller, ToClient, ToHost, ToOwner } from "../../scheduler/protocol/messages.ts";

/** The types of what is in packets, by who gets it. */
export const toHostTypes = [
  ...["call", "template", "release", "cancel", "reserve", "unreserve"],
  ...["taken", "ping", "gone", "keep", "bye"],
];
/** Those of calls of actors that others own, and of what waits for what. */
export const actorTypes = [
  ...["callActor", "cancelCall", "tookResult", "killActor", "moveActor", "callEnded"],
  ...["wait", "detached request"],
];
export const toClientTypes = ["result", "value", "item", "progress", "kept", "reserved", "load"];
/** Those of whole messages; an answer has one of its own. */
export const wholeTypes = [
  ...["packet", "ack", "reset", "heartbeat", "hello", "idle"],
  ...["object request", "object reply", "borrow request", "borrow reply"],
  ...["memory request", "memory reply", "submit"],
];

const cluster = /^wray\.v1\.[^.]+\./;

const byLastWord: Record<string, string> = {
  ...{ objects: "object request", memory: "memory request", borrow: "borrow request" },
  ...{ waits: "wait", detached: "detached request" },
  ...{ hello: "hello", submit: "submit", idle: "idle" },
};

/** What a message is, by its subject and, of a packet, by what is in it. */
export function messageTypes(subject: string, payload: Uint8Array): string[] {
  const rest = subject.replace(cluster, "");
  if (rest === subject) return [];
  if (rest.startsWith("load.")) return ["heartbeat"];
  const packet = packetOf(subject, payload);
  if (packet !== undefined) return packetTypes(packet);
  const type = byLastWord[rest.split(".").at(-1)!];
  return type === undefined ? [] : [type];
}

/** The packet of a message, if it is one. */
export function packetOf(subject: string, payload: Uint8Array): Packet<Message> | undefined {
  const decode = decoders[subject.split(".").at(-1)!];
  return decode?.(payload);
}

type Message = ToHost | ToClient | ToOwner | ToCaller;
const decoders: Record<string, (payload: Uint8Array) => Packet<Message>> = {
  ...{ tasks: decodePacketToHost, results: decodePacketToClient },
  ...{ calls: decodePacketToOwner, answers: decodePacketToCaller },
};

function packetTypes({ seq, reset, messages }: Packet<Message>): string[] {
  if (reset) return ["reset"];
  return seq === 0 ? ["ack"] : ["packet", ...new Set(messages.map(({ kind }) => kind))];
}
