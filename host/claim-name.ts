import type { Bus, Subscription } from "../scheduler/bus/bus.ts";
import type { Control } from "../scheduler/control/control.ts";
import { decodeHeartbeat } from "../scheduler/protocol/codec.ts";
import { InvalidTaskError } from "../scheduler/protocol/errors.ts";
import type { Subjects } from "../scheduler/protocol/subjects.ts";

/** How long a host that holds the name may take to say that it is there. */
const answerMs = 300;

/**
 * Makes sure that no living host has this id: two of one name would each get the other's messages. A lease alone is no
 * proof, because that of a host that was killed stays for a while.
 * @throws InvalidTaskError when a host of this id answers
 */
export async function claimName(bus: Bus, control: Control, subjects: Subjects, id: string): Promise<void> {
  const leases = await control.leases();
  if (!leases.some(({ host }) => host === id)) return;
  let subscription: Subscription | undefined;
  let timer: NodeJS.Timeout | undefined;
  const isTaken = await new Promise<boolean>((resolve) => {
    subscription = bus.subscribe(subjects.load, (payload) => {
      const { host, state } = decodeHeartbeat(payload);
      if (host === id && state !== "left") resolve(true);
    });
    timer = setTimeout(() => resolve(false), answerMs);
    bus.publish(subjects.hello, new Uint8Array());
  });
  clearTimeout(timer);
  subscription?.unsubscribe();
  if (!isTaken) return;
  throw new InvalidTaskError(`the cluster has a host named ${id} already`, {
    remedy: "Give this one another --name, or none.",
    data: { host: id },
  });
}
