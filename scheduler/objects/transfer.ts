import type { Bus } from "../bus/bus.ts";
import { ObjectLostError } from "../protocol/errors.ts";
import type { RefArg } from "../protocol/messages.ts";
import type { Peer, Subjects } from "../protocol/subjects.ts";
import type { Departures } from "./departures.ts";
import { PeerPull } from "./peer-pull.ts";

/** How long a peer may be out of reach, as while it reconnects, before it is given up. */
const patienceMs = 5_000;
const retryWaitMs = 50;

/**
 * Fetches an object's bytes from its peers, in this order: what one has given, the next need not. One that can't be
 * reached is asked again when all others were.
 * @param allocate makes the memory, of a size in bytes, that it is put into
 * @param options.signal ends the attempt, which then rejects with its reason; nothing is written any more
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
  const progress = { allocate, object: undefined, doneBytes: 0 };
  let pulls = at.map((peer) => {
    const gone = peer.kind === "host" ? departures?.signalOf(peer.id) : undefined;
    return new PeerPull({ bus, subjects, id: ref, peer, progress, signal, gone });
  });
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
    if (pulls.length === 0 || performance.now() > untilMs) break;
    // A process that has nothing else to do may end meanwhile.
    await new Promise((resolve) => setTimeout(resolve, retryWaitMs).unref());
  }
  throw new ObjectLostError(`object ${ref} is lost: ${describePeers(at)}`, {
    remedy: "Run the task that made it again, or put the value again.",
    data: { id: ref, at },
  });
}

const describePeers = (at: Peer[]) =>
  at.length === 0
    ? "nobody holds it"
    : `${at.map(({ kind, id }) => `${kind} ${id}`).join(", ")} no longer has it`;
