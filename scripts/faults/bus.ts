import type { Bus, Subscription } from "../../scheduler/bus/bus.ts";
import { ConnectionError } from "../../scheduler/protocol/errors.ts";
import { faultyDirect } from "./direct.ts";
import type { FaultKind, Faults } from "./faults.ts";
import { messageTypes, packetOf } from "./message-types.ts";

/** What is overtaken goes after the next message on its subject, or after so long when there is none. */
const overtakenMs = 20;
/** For how long who is told that a message may not have arrived is told that the connection is lost. */
const brokenMs = 5;

type Publish = (subject: string, payload: Uint8Array) => void;

/** A process's connection, on which messages that it sends and gets are struck by faults. */
export function faultyBus(bus: Bus, faults: Faults): Bus {
  const listeners = new Set<() => void>();
  /** Packets that go after the next one on their subject. */
  const overtaken = new Map<string, Uint8Array[]>();
  /** Peers whose next packet does not arrive. */
  const unheard = new Set<string>();
  let isBroken = false;

  const later = (ms: number, action: () => void) => void setTimeout(action, ms);
  const passOvertaken = (subject: string) => {
    const behind = overtaken.get(subject) ?? [];
    overtaken.delete(subject);
    for (const each of behind) bus.publish(subject, each);
  };
  const pass: Publish = (subject, payload) => {
    bus.publish(subject, payload);
    passOvertaken(subject);
  };
  const breakOff = () => {
    if (isBroken) return;
    isBroken = true;
    later(brokenMs, () => {
      isBroken = false;
      if (bus.isConnected) for (const listener of listeners) listener();
    });
  };
  const struck = (fault: FaultKind | undefined, subject: string, payload: Uint8Array) => {
    switch (fault) {
      case "lost":
        return;
      case "replyLost":
        unheard.add(peerOf(subject));
        pass(subject, payload);
        return;
      case "failed":
        pass(subject, payload);
        breakOff();
        return;
      case "duplicated":
        pass(subject, payload);
        later(faults.delayMs(), () => pass(subject, payload));
        return;
      case "delayed":
        later(faults.delayMs(), () => pass(subject, payload));
        return;
      case "reordered":
        overtaken.set(subject, [...(overtaken.get(subject) ?? []), payload]);
        later(overtakenMs, () => {
          if (overtaken.get(subject)?.includes(payload)) passOvertaken(subject);
        });
        return;
      default:
        pass(subject, payload);
    }
  };

  return {
    address: bus.address,
    ...(bus.direct && { direct: faultyDirect(bus.direct, faults) }),
    get maxPayloadBytes() {
      return bus.maxPayloadBytes;
    },
    get isConnected() {
      return bus.isConnected && !isBroken;
    },
    publish: (subject, payload) =>
      struck(
        faults.isOver ? undefined : faults.strike(messageTypes(subject, payload), subject),
        subject,
        payload,
      ),
    subscribe: (subject, handler) =>
      bus.subscribe(subject, (payload, respond) => {
        if (unheard.size > 0) {
          const packet = packetOf(subject, payload);
          if (packet !== undefined && unheard.delete(packet.from)) return;
        }
        const replyType = replyTypeOf(subject, payload);
        if (replyType === undefined) handler(payload, respond);
        else handler(payload, (reply) => answer(replyType, subject, reply, respond));
      }),
    async request(subject, payload, timeoutMs) {
      const fault = faults.strike(messageTypes(subject, payload), subject);
      const send = () => bus.request(subject, payload, timeoutMs);
      switch (fault) {
        case "lost":
          return lateAnswer(subject, timeoutMs);
        case "replyLost":
          send().catch(() => {});
          return lateAnswer(subject, timeoutMs);
        case "failed":
          send().catch(() => {});
          throw new ConnectionError(`no answer on ${subject}: the connection was lost`);
        case "duplicated": {
          const first = send();
          send().catch(() => {});
          return first;
        }
        case "delayed":
        case "reordered":
          await new Promise((resolve) => later(faults.delayMs(), () => resolve(undefined)));
          return send();
        default:
          return send();
      }
    },
    isListening: (subject) => bus.isListening(subject),
    serve: (service, handler) => bus.serve(service, handler),
    onReconnect(listener): Subscription {
      listeners.add(listener);
      const subscription = bus.onReconnect(listener);
      return {
        unsubscribe() {
          listeners.delete(listener);
          subscription.unsubscribe();
        },
      };
    },
    close: () => bus.close(),
  };

  function answer(type: string, subject: string, reply: Uint8Array, respond: (reply: Uint8Array) => void) {
    switch (faults.strike([type], subject, ["lost", "duplicated", "delayed"])) {
      case "lost":
        return;
      case "duplicated":
        respond(reply);
        respond(reply);
        return;
      case "delayed":
        later(faults.delayMs(), () => respond(reply));
        return;
      default:
        respond(reply);
    }
  }
}

/** Whose packets answer those on a subject: `….host.<id>.tasks`. */
const peerOf = (subject: string): string => subject.split(".").at(-2)!;

function replyTypeOf(subject: string, payload: Uint8Array): string | undefined {
  if (!/\.(objects|memory|borrow)$/.test(subject)) return undefined;
  return messageTypes(subject, payload)[0]!.replace("request", "reply");
}

const lateAnswer = (subject: string, timeoutMs: number) =>
  new Promise<never>((_, reject) => {
    setTimeout(
      () => reject(new ConnectionError(`no answer on ${subject} within ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
