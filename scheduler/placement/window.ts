/** A host is given about as many tasks as it does in this time: what is behind them can still go elsewhere. */
const aheadMs = 25;
/** Enough for the time that messages take, when nothing is known of its tasks yet. */
const leastTasks = 64;
const leastTasksPerCpu = 16;
/** No host needs more, and each is a task that is lost with it. */
const mostTasks = 8_192;

export type Pace = { cpus: number; endedCount: number; elapsedMs: number };

/** How many tasks of one client a host may have at once, by how many it has ended lately. It shrinks slowly. */
export function windowOf({ cpus, endedCount, elapsedMs }: Pace, former: number): number {
  const least = Math.max(leastTasks, leastTasksPerCpu * cpus);
  const ahead = Math.ceil((endedCount / elapsedMs) * aheadMs);
  return Math.min(mostTasks, Math.max(least, Math.floor(former / 2), ahead));
}
