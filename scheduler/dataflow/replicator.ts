import type { ObjectTable } from "../ownership/object-table.ts";
import { type HostTable, isOpen } from "../placement/host-table.ts";
import type { Peer } from "../protocol/subjects.ts";

export type ReplicatorDeps = {
  objects: ObjectTable;
  hosts: HostTable;
  /** Asks a host to fetch an object from one of these hosts, or from the client, and to keep it. */
  keep(hostId: string, id: string, holders: string[]): void;
  /** No host can take over an object that only a leaving one has. */
  bringHome(id: string, hostId: string): void;
  nowMs(): number;
  /** Gives numbers from 0 to below 1. */
  random(): number;
};

/** So many objects are looked at in a tick, and the others in the next ones: there may be many. */
const mostLooks = 1_000;

/** An object that is to be on so many hosts. */
type Wanted = {
  count: number;
  /** It is to be on so many for as long as there is one; not only until a host has left. */
  isLasting: boolean;
  /** Those that were asked, and have not answered. */
  readonly asked: Set<string>;
  /** Those that could not take it. */
  readonly refused: Set<string>;
};

/**
 * Keeps objects on as many hosts as they are to be on: what was put with `replicas`, also after some of these are lost, and
 * what a host has that is about to leave. It does no IO: requests go out through `keep`, and answers come in.
 */
export class Replicator {
  readonly #deps: ReplicatorDeps;
  readonly #wanted = new Map<string, Wanted>();
  /** How far these were looked at. */
  #looking = this.#wanted.entries();
  readonly #leaving = new Set<string>();

  constructor(deps: ReplicatorDeps) {
    this.#deps = deps;
  }

  /** An object is to be on so many hosts, and until then here. */
  replicate(id: string, count: number): void {
    this.#want(id, count, true);
  }

  /** A host is about to leave: what only it has is taken over by others. */
  leaving(hostId: string): void {
    const { objects } = this.#deps;
    this.#leaving.add(hostId);
    for (const { id, hosts } of objects.on(hostId)) {
      const staying = this.#staying(hosts).length;
      if (staying > 0) objects.movedFrom(id, hostId);
      const wanted = this.#wanted.get(id);
      if (wanted !== undefined) this.#go(id, wanted);
      else if (staying === 0) this.#want(id, 1, false);
    }
  }

  /** A host keeps an object now, of so many bytes; or could not take it. */
  told(hostId: string, id: string, bytes: number | undefined): void {
    const wanted = this.#wanted.get(id);
    wanted?.asked.delete(hostId);
    if (bytes === undefined) wanted?.refused.add(hostId);
    // Nobody wants it any more: the host may forget it.
    else if (!this.#deps.objects.keptOn(id, hostId, bytes)) return;
    if (wanted !== undefined) this.#go(id, wanted);
  }

  hostLost(hostId: string): void {
    this.#leaving.delete(hostId);
    for (const [id, wanted] of this.#wanted) {
      wanted.asked.delete(hostId);
      wanted.refused.delete(hostId);
      this.#go(id, wanted);
    }
  }

  /** Asks hosts again that have joined since, or had no room; to be called now and then. */
  tick(): void {
    for (let left = Math.min(this.#wanted.size, mostLooks); left > 0; left--) {
      let next = this.#looking.next();
      if (next.done) {
        this.#looking = this.#wanted.entries();
        next = this.#looking.next();
      }
      // Some may have been forgotten in this loop.
      if (next.done) return;
      const [id, wanted] = next.value;
      if (wanted.asked.size > 0) continue;
      wanted.refused.clear();
      this.#go(id, wanted);
    }
  }

  #want(id: string, count: number, isLasting: boolean): void {
    const wanted: Wanted = { count, isLasting, asked: new Set(), refused: new Set() };
    this.#wanted.set(id, wanted);
    this.#go(id, wanted);
  }

  #go(id: string, wanted: Wanted): void {
    const { objects, keep, bringHome } = this.#deps;
    const holders = objects.holders(id);
    if (holders === undefined) {
      this.#wanted.delete(id);
      return;
    }
    const staying = this.#staying(holders);
    const { count, isLasting, asked } = wanted;
    if (staying.length >= count) {
      objects.leaveTo(id, staying);
      for (const hostId of holders) if (!staying.includes(hostId)) objects.movedFrom(id, hostId);
      if (!isLasting) this.#wanted.delete(id);
      return;
    }
    for (let missing = count - staying.length - asked.size; missing > 0; missing--) {
      const hostId = this.#candidate(holders, wanted);
      if (hostId === undefined) break;
      asked.add(hostId);
      keep(hostId, id, holders);
    }
    if (staying.length === 0 && asked.size === 0) for (const hostId of holders) bringHome(id, hostId);
  }

  /** Any host that may take another object. */
  #candidate(holders: readonly string[], { asked, refused }: Wanted): string | undefined {
    const { hosts, nowMs, random } = this.#deps;
    const isOut = (id: string) =>
      this.#leaving.has(id) || holders.includes(id) || asked.has(id) || refused.has(id);
    const able = [...hosts].filter((host) => isOpen(host, nowMs()) && !isOut(host.id));
    return able[Math.floor(random() * able.length)]?.id;
  }

  #staying(holders: Iterable<string>): string[] {
    return [...holders].filter((id) => !this.#leaving.has(id));
  }
}

/** The peers that may have an object, its client last. */
export const peersOf = (hostIds: readonly string[], clientId: string): Peer[] => [
  ...hostIds.map((id) => ({ kind: "host" as const, id })),
  { kind: "client", id: clientId },
];
