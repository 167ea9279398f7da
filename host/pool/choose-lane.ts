import type { Lane } from "./lane.ts";

/** So many calls may wait in the ring of a worker before another is woken, which costs as much as many short calls. */
const mostBehind = 4;

/**
 * The worker whose ring a call goes into: the one with the fewest, but one that sleeps only when those that are awake
 * don't keep up. Undefined when the call has to wait.
 * @param mayBlock whether the call may keep what is behind it from the worker
 */
export function chooseLane(lanes: readonly Lane[], mayBlock: boolean): Lane | undefined {
  let best: Lane | undefined;
  let asleep: Lane | undefined;
  for (const lane of lanes) {
    if (!lane.takesCalls || lane.assignedCount >= (mayBlock ? 1 : lane.window)) continue;
    if (lane.thread.isAsleep) asleep ??= lane;
    else if (best === undefined || lane.assignedCount < best.assignedCount) best = lane;
    if (best?.assignedCount === 0) return best;
  }
  if (best === undefined || asleep === undefined) return best ?? asleep;
  if (best.assignedCount <= mostBehind || best.thread.submissions.length < mostBehind) return best;
  return asleep;
}

/** Wakes workers for calls that wait behind others, and that nobody is about to take. */
export function wakeForWaiting(lanes: readonly Lane[]): void {
  if (!lanes.some((lane) => lane.takesCalls && lane.thread.isAsleep)) return;
  let waitingCount = 0;
  for (const lane of lanes) {
    waitingCount += lane.thread.submissions.length;
    if (lane.takesCalls && !lane.thread.isAsleep && lane.thread.running < 0) waitingCount--;
  }
  for (const lane of lanes) {
    if (waitingCount <= 0) return;
    if (!lane.takesCalls || !lane.thread.isAsleep) continue;
    lane.thread.nudge();
    waitingCount--;
  }
}
