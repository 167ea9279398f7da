import { closeSync } from "node:fs";
import type { Bus } from "../../scheduler/bus/bus.ts";
import type { Door } from "../../scheduler/objects/door.ts";
import { encodeGreeting } from "../../scheduler/objects/frames.ts";
import { tokenBytes } from "../../scheduler/objects/tokens.ts";
import { decodeLinkReply, encodeMessage } from "../../scheduler/protocol/codec.ts";
import { ConnectionError } from "../../scheduler/protocol/errors.ts";
import type { Door as DoorMessage, GangMessage, LinkReply, Pair } from "../../scheduler/protocol/messages.ts";
import type { Subjects } from "../../scheduler/protocol/subjects.ts";
import { BusCarriers } from "./bus-carriers.ts";
import type { Gang } from "./gang.ts";
import { makePairFile, openPairFile } from "./pair-file.ts";
import { carrierOver, readerOf } from "./relay.ts";

const requestMs = 1_000;
const retryMs = 100;

export type LinksDeps = {
  bus: Bus;
  subjects: Subjects;
  hostId: string;
  /** Where members of other machines come in. */
  door: Door | undefined;
};

type Link = Extract<GangMessage, { kind: "link" }>;

/**
 * The ways between members here and members elsewhere. The host of the higher rank of two asks for one: a file in memory if
 * they are on one machine, else a connection, else it goes over the bus.
 */
export class Links {
  readonly #deps: LinksDeps;
  readonly #machine: string | undefined;
  readonly #carriers: BusCarriers;
  /** Files that were offered to another host, by the pair that they are for. */
  readonly #offered = new Map<string, { gang: Gang; file: number }>();

  constructor(deps: LinksDeps) {
    this.#deps = deps;
    this.#machine = deps.bus.direct?.machine;
    this.#carriers = new BusCarriers(deps.bus, deps.subjects);
  }

  /** Finds a way from a member here to one of a lower rank. */
  async connect(gang: Gang, own: number, other: number): Promise<void> {
    const isLinked =
      (await this.#connectByFile(gang, own, other)) || (await this.#connectByDoor(gang, own, other));
    if (isLinked || gang.isForgotten) return;
    // Before it is asked for, since the other may write at once.
    const relay = gang.addRelay(own, other);
    const carrier = this.#carriers.open(gang, relay, own, other);
    await this.#ask(gang, own, other, "bus");
    relay.start(carrier);
    gang.answer(own);
  }

  /** The host of a higher rank wants a way to a member here. */
  async asked(gang: Gang, { by, from, to, machine, host }: Link): Promise<LinkReply> {
    gang.hosts.set(from, host);
    const offered = this.#takeOffered(gang, { group: gang.group, from, to });
    // It may ask again, where the answer was lost.
    if (gang.hasLink(to, from)) return {};
    if (by === "opened" && offered !== undefined) {
      gang.addFile(to, from, offered);
      gang.answer(to);
      return {};
    }
    if (offered !== undefined) closeSync(offered);
    switch (by) {
      case "file": {
        const file = machine !== undefined && machine === this.#machine ? makePairFile(gang.size) : undefined;
        if (file === undefined) return {};
        this.#offered.set(keyOf({ group: gang.group, from, to }), { gang, file });
        return { file: { pid: process.pid, descriptor: file } };
      }
      case "door": {
        const door = await this.#deps.door?.open((connection) => {
          const relay = gang.addRelay(to, from);
          relay.start(carrierOver(connection));
          gang.answer(to);
          return readerOf(relay);
        });
        return door === undefined ? {} : { door };
      }
      case "bus": {
        const relay = gang.addRelay(to, from);
        relay.start(this.#carriers.open(gang, relay, to, from));
        gang.answer(to);
        return {};
      }
      case "opened":
        return {};
    }
  }

  /** A part of a stream has come over the bus. */
  came(gang: Gang, part: Extract<GangMessage, { kind: "bytes" }>): void {
    this.#carriers.came(gang, part);
  }

  /** What was on its way over the bus may be lost. */
  reconnected(): void {
    this.#carriers.reconnected();
  }

  /** Lets go of what a gang has not come to use. */
  forget(gang: Gang): void {
    this.#carriers.forget(gang);
    for (const [key, offered] of this.#offered) {
      if (offered.gang !== gang) continue;
      this.#offered.delete(key);
      closeSync(offered.file);
    }
  }

  async #connectByFile(gang: Gang, own: number, other: number): Promise<boolean> {
    if (this.#machine === undefined) return false;
    const reply = await this.#ask(gang, own, other, "file");
    const file = reply?.file && openPairFile(reply.file, gang.size);
    if (file === undefined) return false;
    await this.#ask(gang, own, other, "opened");
    gang.addFile(own, other, file);
    gang.answer(own);
    return true;
  }

  async #connectByDoor(gang: Gang, own: number, other: number): Promise<boolean> {
    if (this.#deps.bus.direct === undefined || gang.isForgotten) return false;
    const reply = await this.#ask(gang, own, other, "door");
    for (const place of reply?.door?.places ?? []) {
      if (gang.isForgotten) return false;
      if (await this.#dial(gang, own, other, place, reply!.door!.token)) return true;
    }
    return false;
  }

  async #dial(
    gang: Gang,
    own: number,
    other: number,
    place: DoorMessage["places"][number],
    token: Uint8Array,
  ): Promise<boolean> {
    // Nothing comes before the token was shown, and nothing is made for a place where nobody answers.
    const relay = gang.newRelay(own, other);
    const connection = await this.#deps.bus.direct!.dial(place, readerOf(relay)).catch(() => undefined);
    if (connection === undefined) return false;
    const mask = crypto.getRandomValues(new Uint8Array(tokenBytes));
    connection.send([encodeGreeting({ token, summedBytes: 0 }, mask)]);
    gang.keepRelay(own, other, relay);
    relay.start(carrierOver(connection));
    gang.answer(own);
    return true;
  }

  /** Asks until there is an answer, as long as anybody wants the gang. */
  async #ask(gang: Gang, from: number, to: number, by: Link["by"]): Promise<LinkReply | undefined> {
    const { bus, subjects, hostId } = this.#deps;
    const message: Link = { kind: "link", by, group: gang.group, from, to, host: hostId };
    if (by === "file") message.machine = this.#machine!;
    while (!gang.isForgotten) {
      try {
        const subject = subjects.gangs(gang.hosts.get(to)!);
        return decodeLinkReply(await bus.request(subject, encodeMessage(message), requestMs));
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
        await new Promise((resolve) => setTimeout(resolve, retryMs).unref());
      }
    }
    return undefined;
  }

  #takeOffered(gang: Gang, pair: Pair): number | undefined {
    const offered = this.#offered.get(keyOf(pair));
    if (offered?.gang !== gang) return undefined;
    this.#offered.delete(keyOf(pair));
    return offered.file;
  }
}

const keyOf = ({ group, from, to }: Pair) => `${group} ${from} ${to}`;
