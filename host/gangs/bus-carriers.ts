import type { Bus } from "../../scheduler/bus/bus.ts";
import { encodeMessage } from "../../scheduler/protocol/codec.ts";
import type { GangMessage } from "../../scheduler/protocol/messages.ts";
import type { Subjects } from "../../scheduler/protocol/subjects.ts";
import type { Gang } from "./gang.ts";
import type { Carrier, Relay } from "./relay.ts";

const mostBytes = 256 * 1024;
/** What a message takes beside the part of a stream in it. */
const overheadBytes = 512;

type Part = Extract<GangMessage, { kind: "bytes" }>;
type Way = { gang: Gang; relay: Relay; other: number; heardCount: number };

/**
 * The ways of relays over the bus, where members can't reach each other otherwise. Parts of a stream are numbered, and nothing
 * is sent twice: a part that is lost breaks its way.
 */
export class BusCarriers {
  readonly #bus: Bus;
  readonly #subjects: Subjects;
  readonly #ways = new Set<Way>();

  constructor(bus: Bus, subjects: Subjects) {
    this.#bus = bus;
    this.#subjects = subjects;
  }

  open(gang: Gang, relay: Relay, own: number, other: number): Carrier {
    const way: Way = { gang, relay, other, heardCount: 0 };
    this.#ways.add(way);
    let number = 0;
    return {
      mostBytes: Math.min(mostBytes, this.#bus.maxPayloadBytes - overheadBytes),
      send: (data, taken, isEnd, sent) => {
        const part: Part = {
          ...{ kind: "bytes", group: gang.group, from: own, to: other },
          ...{ number: number++, taken, data, ...(isEnd && { isEnd }) },
        };
        this.#bus.publish(this.#subjects.gangs(gang.hosts.get(other)!), encodeMessage(part));
        queueMicrotask(sent);
      },
      close: () => this.#ways.delete(way),
    };
  }

  /** A part of a stream has come. */
  came(gang: Gang, { from, to, number, taken, data, isEnd }: Part): void {
    const relay = gang.relay(to, from);
    const way = [...this.#ways].find((each) => each.relay === relay);
    if (relay === undefined || way === undefined) return;
    if (number !== way.heardCount++) {
      relay.broke();
      return;
    }
    try {
      relay.heard(taken, data.byteLength);
    } catch {
      relay.broke();
      return;
    }
    for (let done = 0; done < data.byteLength; ) {
      const room = relay.room(data.byteLength - done);
      room.set(data.subarray(done, done + room.byteLength));
      relay.came(room.byteLength);
      done += room.byteLength;
    }
    if (isEnd) relay.ended();
  }

  /** What was on its way may be lost, and nobody would know. */
  reconnected(): void {
    for (const { relay } of [...this.#ways]) relay.broke();
  }

  forget(gang: Gang): void {
    for (const way of this.#ways) if (way.gang === gang) this.#ways.delete(way);
  }
}
