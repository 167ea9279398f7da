import type { Target } from "./target.ts";

/** How many heartbeats of one host make up some time, at ten a second. */
const beforeHeartbeats = 100;
/** A runtime that has nothing to do lets go of what is left after 8 s and more. */
const afterHeartbeats = 300;

/**
 * Resident memory of the hosts while they have nothing to do, in bytes: the median, because a runtime lets go of memory
 * when it likes, some tens of MiB at a time. Undefined when they don't tell.
 */
export async function usualBytes(target: Target): Promise<number | undefined> {
  const seen: number[] = [];
  while (seen.length < beforeHeartbeats) {
    await target.heard();
    const bytes = target.residentBytes();
    if (bytes === undefined) return undefined;
    seen.push(bytes);
  }
  return seen.sort((a, b) => a - b)[Math.floor(seen.length / 2)];
}

/** The least that is seen in the half minute to come, or the first that is no more than `enough`. */
export async function leastBytes(target: Target, enough: number): Promise<number | undefined> {
  let least = Number.POSITIVE_INFINITY;
  for (let heard = 0; least > enough && heard < afterHeartbeats; heard++) {
    await target.heard();
    const bytes = target.residentBytes();
    if (bytes === undefined) return undefined;
    least = Math.min(bytes, least);
  }
  return least;
}
