import { modules } from "./modules.ts";
import { cpusOf, type Target } from "./target.ts";

/** So many endless tasks for each cpu: they are placed at random, and each host is to have enough. */
const tasksPerCpu = 4;
/** How many heartbeats of hosts, ten a second from each, are waited for at most. */
const mostHeartbeats = 100;

/**
 * How many workers of the hosts run a task at once. Each is given an endless one, which is then cancelled. What is about
 * to end is waited for: tasks that hear that those that they wait for were ended all run for a moment.
 */
export async function countWorkers(target: Target): Promise<number> {
  const { client } = target;
  const running = () => [...target.heartbeats.values()].reduce((sum, host) => sum + host.running, 0);
  const heardIdle = async () => {
    for (let heard = 0; heard < mostHeartbeats; heard++) {
      await target.heard();
      if (running() === 0) return;
    }
  };
  const cpus = cpusOf(target);
  const spin = (await client.load(modules.loops))
    .kernel("spin")
    .options({ timeoutMs: 60_000, maxRetries: 0 });
  await heardIdle();
  const refs = Array.from({ length: tasksPerCpu * cpus }, () => spin.remote());
  let most = 0;
  for (let heard = 0; most < cpus && heard < mostHeartbeats; heard++) {
    await target.heard();
    // For a moment there may be more: whoever has waited for others goes on at once.
    most = Math.max(most, Math.min(running(), cpus));
  }
  for (const ref of refs) client.cancel(ref);
  await heardIdle();
  return most;
}
