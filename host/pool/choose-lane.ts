import type { Lane } from "./lane.ts";

/** So many calls may wait in the ring of a worker whose pace is not known before another is woken. */
const mostBehind = 32;

/**
 * The worker whose ring a call goes into: the one with the fewest, but one that sleeps only when those that are awake
 * don't keep up. Undefined when the call has to wait.
 * @param mayBlock whether the call may keep what is behind it from the worker
 */
export function chooseLane(lanes: readonly Lane[], mayBlock: boolean): Lane | undefined {
  let best: Lane | undefined;
  let asleep: Lane | undefined;
  let isKeepingUp = false;
  for (const lane of lanes) {
    if (!lane.takesCalls) continue;
    const hasRoom = lane.assignedCount < (mayBlock ? 1 : lane.window);
    if (lane.thread.isAsleep) {
      if (hasRoom) asleep ??= lane;
      continue;
    }
    if (hasRoom && (best === undefined || lane.assignedCount < best.assignedCount)) best = lane;
    if (best?.assignedCount === 0) return best;
    if (!mayBlock) isKeepingUp ||= keepsUp(lane, hasRoom);
  }
  return isKeepingUp ? best : (asleep ?? best);
}

/** Whether it will have done what it has before another were awake. */
function keepsUp({ thread, pace, assignedCount }: Lane, hasRoom: boolean): boolean {
  return assignedCount <= pace || (hasRoom && thread.submissions.length < mostBehind);
}

/** Wakes workers for calls that wait behind others, and that nobody is about to take. */
export function wakeForWaiting(lanes: readonly Lane[]): void {
  if (!lanes.some((lane) => lane.takesCalls && lane.thread.isAsleep)) return;
  let waitingCount = 0;
  for (const lane of lanes) {
    waitingCount += lane.thread.submissions.length;
    if (!lane.takesCalls || lane.thread.isAsleep) continue;
    waitingCount -= lane.pace;
    if (lane.thread.running < 0) waitingCount--;
  }
  for (const lane of lanes) {
    if (waitingCount <= 0) return;
    if (!lane.takesCalls || !lane.thread.isAsleep) continue;
    lane.thread.nudge();
    waitingCount--;
  }
}
