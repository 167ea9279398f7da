import type { Target } from "./target.ts";

/** How many heartbeats it is looked at for, when nothing says how much is right … */
const fewHeartbeats = 10;
/** … and at most, when something does. */
const mostHeartbeats = 200;

/**
 * Resident memory of the hosts, in bytes: the least that is seen for a while, since a runtime lets go of memory when it
 * likes.
 * @param options.atMost it is looked at no further once it is so little
 * @param options.honest runs a few tasks between two looks, so that the workers have an occasion to let go
 */
export async function settledBytes(
  target: Target,
  { atMost, honest = async () => {} }: { atMost?: number; honest?: () => Promise<void> } = {},
): Promise<number | undefined> {
  let least: number | undefined;
  for (let heard = 0; heard < (atMost === undefined ? fewHeartbeats : mostHeartbeats); heard++) {
    await honest();
    await target.heard();
    const bytes = target.residentBytes();
    if (bytes === undefined) return undefined;
    least = Math.min(bytes, least ?? bytes);
    if (atMost !== undefined && least <= atMost) break;
  }
  return least;
}
