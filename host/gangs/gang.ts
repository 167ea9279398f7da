import { closeSync } from "node:fs";
import { Rendezvous } from "../../scheduler/collectives/rendezvous.ts";
import { toWireError, type WrayError } from "../../scheduler/protocol/errors.ts";
import { ByteRing, boardBytes, ringCapacity } from "../ring/byte-ring.ts";
import type { NestedReply } from "../worker/messages.ts";
import { Relay } from "./relay.ts";

export type Answer = (reply: NestedReply) => void;

/** The members of a gang that are on this host, and their ways to the others. */
export class Gang {
  readonly group: string;
  readonly size: number;
  readonly members: Rendezvous;
  /** The hosts of the members that are known. */
  readonly hosts = new Map<number, string>();
  readonly #wake: (worker: number) => void;
  readonly #waiting = new Map<number, Answer>();
  /** Calls of members that run here, whose memory and files must last. */
  readonly #running = new Set<number>();
  readonly #relays = new Map<string, Relay>();
  readonly #files = new Map<string, number>();
  /** Pairs for which a way is being looked for. */
  readonly #linking = new Set<string>();
  readonly #hostId: string;
  #board: SharedArrayBuffer | undefined;
  #isForgotten = false;

  /** @param wake wakes a worker, by its index */
  constructor(group: string, size: number, hostId: string, wake: (worker: number) => void) {
    this.group = group;
    this.size = size;
    this.#hostId = hostId;
    this.members = new Rendezvous(size);
    this.#wake = wake;
  }

  get isForgotten(): boolean {
    return this.#isForgotten;
  }

  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** The members that are on a host. */
  *on(hostId: string): Iterable<number> {
    for (const [rank, host] of this.hosts) if (host === hostId) yield rank;
  }

  has(rank: number): boolean {
    return rank < this.size;
  }

  isHere(rank: number): boolean {
    return this.hosts.get(rank) === this.#hostId;
  }

  begin(rank: number): void {
    this.hosts.set(rank, this.#hostId);
    this.#running.add(rank);
  }

  /** A member that runs here waits for all others. */
  join(rank: number, answer: Answer): void {
    this.members.join(rank);
    this.#waiting.set(rank, answer);
  }

  /** The call of a member is over. @param hasReturned whether it has not failed */
  end(rank: number, hasReturned: boolean): void {
    if (hasReturned) this.members.end(rank);
    // It may have been given back, to come to another host.
    else if (!this.members.hasJoined(rank)) this.hosts.delete(rank);
    this.#running.delete(rank);
    this.#waiting.delete(rank);
    if (this.#isForgotten) this.#closeFiles();
  }

  hasLink(own: number, other: number): boolean {
    const pair = pairOf(own, other);
    return this.#relays.has(pair) || this.#files.has(pair);
  }

  relay(own: number, other: number): Relay | undefined {
    return this.#relays.get(pairOf(own, other));
  }

  /** Pairs that need a way and have none, which it is for the host of the higher rank to look for: each is given once. */
  *unlinked(): Iterable<[own: number, other: number]> {
    for (const own of this.on(this.#hostId)) {
      for (let other = 0; other < own; other++) {
        const pair = pairOf(own, other);
        if (this.isHere(other) || this.#linking.has(pair)) continue;
        this.#linking.add(pair);
        yield [own, other];
      }
    }
  }

  /** A relay between a member here and one elsewhere, which is not used yet. */
  newRelay(own: number, other: number): Relay {
    const { size } = this;
    this.#board ??= new SharedArrayBuffer(boardBytes(size));
    const ring = (from: number, to: number) =>
      new ByteRing(this.#board!, size, from, to, (sleeper) => this.#wake(sleeper - 1));
    return new Relay(ring(own, other), ring(other, own), ringCapacity(size));
  }

  keepRelay(own: number, other: number, relay: Relay): void {
    this.#relays.set(pairOf(own, other), relay);
    if (this.#isForgotten) relay.close();
  }

  addRelay(own: number, other: number): Relay {
    const relay = this.newRelay(own, other);
    this.keepRelay(own, other, relay);
    return relay;
  }

  /** The file by which a member here talks to one in another process; this closes it. */
  addFile(own: number, other: number, file: number): void {
    this.#files.set(pairOf(own, other), file);
    if (this.#isForgotten) this.#closeFiles();
  }

  /** Something moved in the rings of a member. */
  moved(rank: number): void {
    for (let other = 0; other < this.size; other++) this.#relays.get(pairOf(rank, other))?.pump();
  }

  /** Answers a member once it can reach all others. */
  answer(rank: number): void {
    const answer = this.#waiting.get(rank);
    if (answer === undefined || !this.members.isComplete) return;
    const files: (number | undefined)[] = [];
    for (const other of this.hosts.keys()) {
      if (this.isHere(other)) continue;
      if (!this.hasLink(rank, other)) return;
      files[other] = this.#files.get(pairOf(rank, other));
    }
    this.#board ??= new SharedArrayBuffer(boardBytes(this.size));
    this.#waiting.delete(rank);
    answer({ kind: "joined", peers: { board: this.#board, files } });
  }

  /** Whoever waits is told that it waits in vain. */
  fail(error: WrayError): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const answer of waiting) answer({ kind: "failed", error: toWireError(error) });
  }

  /** Nobody asks for it any more. */
  forget(): void {
    this.#isForgotten = true;
    for (const relay of this.#relays.values()) relay.close();
    this.#closeFiles();
  }

  /** A member that still runs could take another file for its own. */
  #closeFiles(): void {
    if (this.#running.size > 0) return;
    for (const file of this.#files.values()) closeSync(file);
    this.#files.clear();
  }
}

const pairOf = (one: number, other: number) => `${Math.min(one, other)} ${Math.max(one, other)}`;
