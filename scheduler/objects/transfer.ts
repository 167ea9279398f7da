import type { Bus } from "../bus/bus.ts";
import { ObjectLostError } from "../protocol/errors.ts";
import type { RefArg } from "../protocol/messages.ts";
import type { Peer, Subjects } from "../protocol/subjects.ts";
import type { Departures } from "./departures.ts";
import { PeerPull, type Progress } from "./peer-pull.ts";

/** How long a peer may be out of reach, as while it reconnects, before it is given up. */
const patienceMs = 5_000;
const retryWaitMs = 50;

/**
 * Fetches an object's bytes from its peers, in this order: what one has given, the next need not. One that can't be
 * reached is asked again when all others were.
 * @param allocate makes the memory, of a size in bytes, that it is put into
 * @param options.signal of this attempt alone: ends it, which then rejects with its reason; nothing is written any more
 * @param options.departures tells of hosts that are gone: these are not waited for
 * @throws ObjectLostError when none of them has it
 */
export async function pullObject(
  bus: Bus,
  subjects: Subjects,
  { ref, at }: RefArg,
  allocate: (bytes: number) => Uint8Array,
  { signal, departures }: { signal?: AbortSignal; departures?: Departures } = {},
): Promise<Uint8Array> {
  const waits = at.map((peer) => ({ peer, wait: new AbortController() }));
  const ofHosts = waits.filter(({ peer }) => peer.kind === "host");
  for (const { peer, wait } of ofHosts) departures?.join(peer.id, wait);
  const progress: Progress = { allocate, object: undefined, doneBytes: 0 };
  const pulls = waits.map(
    ({ peer, wait }) => new PeerPull({ bus, subjects, id: ref, peer, progress, signal, gone: wait.signal }),
  );
  try {
    const object = await pullFrom(pulls, bus, progress);
    if (object !== undefined) return object;
  } finally {
    for (const { peer, wait } of ofHosts) departures?.leave(peer.id, wait);
  }
  throw new ObjectLostError(`object ${ref} is lost: ${describePeers(at)}`, {
    remedy: "Run the task that made it again, or put the value again.",
    data: { id: ref, at },
  });
}

/** Asks one after the other, over and over, until one gives the last part. Undefined when none has it. */
async function pullFrom(pulls: PeerPull[], bus: Bus, progress: Progress): Promise<Uint8Array | undefined> {
  let untilMs = performance.now() + patienceMs;
  while (true) {
    for (const pull of pulls) {
      const before = progress.doneBytes;
      const object = await pull.run();
      if (object !== undefined) return object;
      if (progress.doneBytes > before) untilMs = performance.now() + patienceMs;
    }
    pulls = pulls.filter(({ isUseless }) => !isUseless);
    // While nobody can be reached, nobody is given up.
    if (!bus.isConnected) untilMs = performance.now() + patienceMs;
    if (pulls.length === 0 || performance.now() > untilMs) return undefined;
    // A process that has nothing else to do may end meanwhile.
    await new Promise((resolve) => setTimeout(resolve, retryWaitMs).unref());
  }
}

const describePeers = (at: Peer[]) =>
  at.length === 0
    ? "nobody holds it"
    : `${at.map(({ kind, id }) => `${kind} ${id}`).join(", ")} no longer has it`;
