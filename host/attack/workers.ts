import { modules } from "./modules.ts";
import { cpusOf, type Target } from "./target.ts";

/** So many endless tasks for each cpu: they are placed at random, and each host is to have enough. */
const tasksPerCpu = 4;
/** How many heartbeats of hosts, ten a second from each, are waited for at most. */
const mostHeartbeats = 100;

/** How many workers of the hosts run a task at once. Each is given an endless one, which is then cancelled. */
export async function countWorkers(target: Target): Promise<number> {
  const { client } = target;
  const running = () => [...target.heartbeats.values()].reduce((sum, host) => sum + host.running, 0);
  const cpus = cpusOf(target);
  const spin = (await client.load(modules.loops))
    .kernel("spin")
    .options({ timeoutMs: 60_000, maxRetries: 0 });
  const refs = Array.from({ length: tasksPerCpu * cpus }, () => spin.remote());
  let most = 0;
  for (let heard = 0; most < cpus && heard < mostHeartbeats; heard++) {
    await target.heard();
    most = Math.max(most, running());
  }
  for (const ref of refs) client.cancel(ref);
  for (let heard = 0; running() > 0 && heard < mostHeartbeats; heard++) await target.heard();
  return most;
}
