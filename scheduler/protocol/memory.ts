import type { Peer } from "./subjects.ts";

/** Why an object is not let go of. */
export type Holder =
  /** The program of its owner holds its ref. */
  | { kind: "ref" }
  /** An unfinished task takes it as an argument. */
  | { kind: "task"; label: string }
  /** Another object has its ref inside. */
  | { kind: "object"; id: string }
  /** A program can still reach a view of its memory. */
  | { kind: "view" }
  /** Something reads or writes it at this moment, such as a worker. */
  | { kind: "pin" };

/** What a peer knows of an object: a host, of one that it has; a client, of one that it owns. */
export type ObjectFacts = {
  /** Missing when it has none, such as what is freed and still viewed. */
  id?: string;
  /** Its encoded value; missing when the peer does not know. */
  bytes?: number;
  /** The client that owns it. */
  owner: string;
  /** What made it, such as "put" or "result of math/add". */
  label?: string;
  ageMs?: number;
  /** Where the peer has it; `none`, where it only knows of it. */
  place: "memory" | "disk" | "gpu" | "none";
  holders: Holder[];
};

/** How full the object store of a host is. */
export type StoreTotals = {
  capacityBytes: number;
  /** Of the capacity: memory of objects, and of views of what is freed. */
  usedBytes: number;
  /** Of what is used: what can't be spilled now, since it is pinned or viewed. */
  pinnedBytes: number;
  /** On disk. */
  spilledBytes: number;
  /** Memory that waits for its next object. */
  idleBytes: number;
};

/** What a host or a client answers when it is asked for its memory: the largest objects first. */
export type PeerMemory = {
  peer: Peer;
  objects: ObjectFacts[];
  /** Objects for which there was no room in the answer. */
  omittedCount: number;
  /** Of a host. */
  totals?: StoreTotals;
  /** Of a host: the clients that it is connected to. */
  clients?: string[];
};

/** The most objects of one answer, so that it fits into a message. */
export const mostMemoryObjects = 1_000;

/** The first of these, by size, as an answer has them. */
export function largestObjects(objects: ObjectFacts[]): Pick<PeerMemory, "objects" | "omittedCount"> {
  const sorted = objects.toSorted((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0));
  return {
    objects: sorted.slice(0, mostMemoryObjects),
    omittedCount: Math.max(0, sorted.length - mostMemoryObjects),
  };
}
