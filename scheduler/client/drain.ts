import type { Bus } from "../bus/bus.ts";
import { decodeHeartbeat, encodeMessage } from "../protocol/codec.ts";
import { GetTimeoutError, InvalidTaskError } from "../protocol/errors.ts";
import type { Subjects } from "../protocol/subjects.ts";
import { longestTimerMs } from "../time/longest-timer.ts";
import { within } from "../time/within.ts";

const answerMs = 2_000;
/** A host that has ended its tasks waits a while longer for others to take over its objects. */
const farewellMs = 10_000;

/**
 * Has a host leave its cluster: it takes no more tasks, ends those that run or gives them back, hands over the objects that
 * only it has, and stops. Resolves when it has left.
 * @param deadlineMs how long tasks that run may take to end; what has not ended then is run elsewhere
 * @throws InvalidTaskError when the cluster has no host of this id
 * @throws GetTimeoutError when it takes longer than it may
 */
export async function drainHost(
  { bus, subjects }: { bus: Bus; subjects: Subjects },
  hostId: string,
  deadlineMs: number,
): Promise<void> {
  let subscription: { unsubscribe(): void } | undefined;
  const left = new Promise<void>((resolve) => {
    subscription = bus.subscribe(subjects.loadOf(hostId), (payload) => {
      if (decodeHeartbeat(payload).state === "left") resolve();
    });
  });
  try {
    await bus.request(subjects.drain(hostId), encodeMessage({ deadlineMs }), answerMs).catch((cause) => {
      throw new InvalidTaskError(`the cluster has no host named ${hostId}`, {
        remedy: "Check the name and the cluster; each host prints its name when it starts.",
        data: { host: hostId },
        cause,
      });
    });
    const mostMs = Math.min(deadlineMs + farewellMs, longestTimerMs);
    await within(mostMs, left, () => {
      return new GetTimeoutError(`host ${hostId} has not left within ${mostMs} ms`, {
        remedy: "Look at its log; SIGKILL ends it, and its work runs elsewhere.",
        data: { host: hostId, timeoutMs: mostMs },
      });
    });
  } finally {
    subscription?.unsubscribe();
  }
}
