import { decodePacketToClient, decodePacketToHost } from "../../scheduler/protocol/codec.ts";
import type { Packet, ToClient, ToHost } from "../../scheduler/protocol/messages.ts";

/** The types of what is in packets, by who gets it. */
export const toHostTypes = [
  ...["call", "template", "release", "cancel", "reserve", "unreserve"],
  ...["taken", "ping", "gone", "keep", "bye"],
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
export function packetOf(subject: string, payload: Uint8Array): Packet<ToHost | ToClient> | undefined {
  if (subject.endsWith(".tasks")) return decodePacketToHost(payload);
  return subject.endsWith(".results") ? decodePacketToClient(payload) : undefined;
}

function packetTypes({ seq, reset, messages }: Packet<ToHost | ToClient>): string[] {
  if (reset) return ["reset"];
  return seq === 0 ? ["ack"] : ["packet", ...new Set(messages.map(({ kind }) => kind))];
}
