import type { Bus } from "../bus/bus.ts";
import { decodePeerMemory } from "../protocol/codec.ts";
import type { Holder, ObjectFacts, PeerMemory, StoreTotals } from "../protocol/memory.ts";
import type { Peer, Subjects } from "../protocol/subjects.ts";

/** An object of the cluster, by all that its owner and the hosts know of it. */
export type MemoryObject = Omit<ObjectFacts, "place"> & {
  /** Where it is; nowhere while its task has not made it. */
  at: { peer: Peer; place: "memory" | "disk" | "gpu" }[];
};

/** Who holds what: the answer of `client.memory()`. */
export type MemoryReport = {
  /** The largest first. */
  objects: MemoryObject[];
  hosts: ({ id: string } & StoreTotals)[];
  /** Objects, the smallest ones, for which there was no room in the answers. */
  omittedCount: number;
  /** Those that were asked and did not answer. */
  silent: Peer[];
};

const answerMs = 1_000;

/** Asks these hosts, and the clients that they are connected to, for their memory. */
export async function askMemory(
  bus: Bus,
  subjects: Subjects,
  hostIds: readonly string[],
  own: PeerMemory,
): Promise<MemoryReport> {
  const silent: Peer[] = [];
  const ask = async (peer: Peer): Promise<PeerMemory[]> => {
    try {
      return [decodePeerMemory(await bus.request(subjects.memory(peer), new Uint8Array(), answerMs))];
    } catch {
      silent.push(peer);
      return [];
    }
  };
  const hosts = (await Promise.all(hostIds.map((id) => ask({ kind: "host", id })))).flat();
  const clientIds = new Set(hosts.flatMap(({ clients = [] }) => clients));
  clientIds.delete(own.peer.id);
  const clients = (await Promise.all([...clientIds].map((id) => ask({ kind: "client", id })))).flat();
  return { ...joinMemory([...hosts, ...clients, own]), silent };
}

/** Puts together what each peer knows of the same object. */
export function joinMemory(peers: readonly PeerMemory[]): Omit<MemoryReport, "silent"> {
  const byId = new Map<string, MemoryObject>();
  const nameless: MemoryObject[] = [];
  const hosts: MemoryReport["hosts"] = [];
  let omittedCount = 0;
  for (const { peer, objects, totals, omittedCount: omitted } of peers) {
    omittedCount += omitted;
    if (totals !== undefined) hosts.push({ id: peer.id, ...totals });
    for (const { place, ...facts } of objects) {
      const at = place === "none" ? [] : [{ peer, place }];
      const known = facts.id === undefined ? undefined : byId.get(facts.id);
      const joined: MemoryObject =
        known === undefined
          ? { ...facts, at }
          : // A host's word on what made it and when comes first; "copy" says less than the other.
            {
              ...facts,
              ...known,
              ...(known.label === "copy" && facts.label !== undefined && { label: facts.label }),
              holders: withoutRepeats([...known.holders, ...facts.holders]),
              at: [...known.at, ...at],
            };
      if (facts.id === undefined) nameless.push(joined);
      else byId.set(facts.id, joined);
    }
  }
  const objects = [...byId.values(), ...nameless].sort((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0));
  return { objects, hosts, omittedCount };
}

/** The same reason at two peers is one reason; two tasks of one kernel are two. */
function withoutRepeats(holders: Holder[]): Holder[] {
  const seen = new Set<string>();
  return holders.filter(({ kind }) => {
    if (kind === "task" || kind === "object") return true;
    return !seen.has(kind) && seen.add(kind);
  });
}
