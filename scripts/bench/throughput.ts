import type { Client } from "wray";
import { backlog } from "./backlog.ts";
import { type Bar, barred } from "./bar.ts";
import { startEchoThread } from "./bare/thread.ts";
import { type Cluster, emptyTask, startClient, startCluster } from "./cluster.ts";
import { cpuMsOf } from "./cpu.ts";
import { value, values } from "./figures.ts";
import { byTurns, type Call, callsPerSecond, check } from "./measure.ts";
import { streaming } from "./streaming.ts";
import type { Context, Figure, Suite } from "./suite.ts";

const full = { turnCount: 5, callCount: 200_000, outstanding: 10_000 };
const quick = { turnCount: 2, callCount: 400, outstanding: 100 };

/** One host comes last, since a million tasks are queued there, and leave a large heap behind. */
const hostCounts = [3, 1];
const rateBar: Bar = { of: "value", atLeast: 100_000 };

export const throughput: Suite = {
  name: "throughput",
  description: "empty tasks with many outstanding, and what submitting one costs",

  async *run(context) {
    // First of all, as in a program that has no host of its own: code that serves both kinds of client is slower.
    for (const hostCount of hostCounts) yield* overNats(context, hostCount);
    const embedded = await startClient(context);
    const thread = await context.start(
      async () => startEchoThread(),
      (thread) => thread.stop(),
    );
    const task = await emptyTask(embedded);
    yield await rate(context, "embedded", task, "postMessage echo", thread.call);
    yield* streaming(context, "embedded", embedded, task);
    yield await submitCost(context, "embedded", embedded);
    await embedded.shutdown();
    await thread.stop();
  },
};

async function* overNats(context: Context, hostCount: number): AsyncIterable<Figure> {
  const where = `NATS, ${hostCount === 1 ? "1 host" : `${hostCount} hosts`}`;
  const cluster = await startCluster(context, hostCount);
  const cpu = new CpuPerTask(cluster);
  const task = await emptyTask(cluster.wray);
  const counted = (callCount: number, run: () => Promise<number>) => cpu.over(callCount, run);
  const baseline = "NATS request/reply, own inbox";
  yield barred(await rate(context, where, task, baseline, cluster.peer.call, counted), rateBar);
  yield* cpu.figures(where);
  yield await submitCost(context, where, cluster.wray);
  if (hostCount === 1) {
    yield* streaming(context, where, cluster.wray, task);
    yield* backlog(context, cluster);
  }
  await cluster.stop();
}

/** Tasks a second. @param counted is told of each measured turn, and runs it */
async function rate(
  { isQuick }: Context,
  where: string,
  task: Call,
  baselineName: string,
  baseline: Call,
  counted = (_: number, run: () => Promise<number>) => run(),
): Promise<Figure> {
  const { turnCount, callCount, outstanding } = isQuick ? quick : full;
  await callsPerSecond(callCount, outstanding, baseline);
  await callsPerSecond(callCount, outstanding, task);
  const measure = () => callsPerSecond(callCount, outstanding, task);
  const compared = await byTurns(turnCount, () => counted(callCount, measure), {
    name: baselineName,
    measure: () => callsPerSecond(callCount, outstanding, baseline),
  });
  const count = outstanding.toLocaleString("en");
  return values(`tasks with ${count} outstanding, ${where}`, "1/s", turnCount * callCount, compared);
}

/** What the processes of a cluster take of the processor for a task, this one as the client. */
class CpuPerTask {
  readonly #pids: Record<string, number[]>;
  readonly #turnsUs: Record<string, number[]> = {};
  #taskCount = 0;

  constructor({ hosts, server }: Cluster) {
    this.#pids = {
      client: [process.pid],
      "nats-server": [server.process.pid!],
      [hosts.length === 1 ? "host" : "hosts together"]: hosts.map(({ process }) => process.pid!),
    };
  }

  async over<T>(taskCount: number, run: () => Promise<T>): Promise<T> {
    const before = await this.#cpuMs();
    const result = await run();
    const after = await this.#cpuMs();
    this.#taskCount += taskCount;
    for (const [who, ms] of Object.entries(after)) {
      this.#turnsUs[who] ??= [];
      this.#turnsUs[who].push(((ms - before[who]!) * 1_000) / taskCount);
    }
    return result;
  }

  *figures(where: string): Iterable<Figure> {
    for (const [who, turns] of Object.entries(this.#turnsUs))
      yield value(`its ${who}, ${where}`, "cpu µs", this.#taskCount, turns);
  }

  async #cpuMs(): Promise<Record<string, number>> {
    const sums: Record<string, number> = {};
    for (const [who, pids] of Object.entries(this.#pids)) {
      sums[who] = 0;
      for (const pid of pids) sums[who] += await cpuMsOf(pid);
    }
    return sums;
  }
}

async function submitCost({ isQuick }: Context, where: string, wray: Client): Promise<Figure> {
  const { turnCount, outstanding } = isQuick ? quick : full;
  const costsUs: number[] = [];
  for (let turn = 0; turn < turnCount; turn++) costsUs.push(await submitCostUs(wray, outstanding));
  return value(`submit, ${where}`, "µs", turnCount * outstanding, costsUs);
}

/** What one of so many submissions in a row takes of the program's time. */
async function submitCostUs(wray: Client, count: number): Promise<number> {
  const add = await wray.remote("math/add");
  const startMs = performance.now();
  const refs = Array.from({ length: count }, (_, index) => add.remote(index, 1));
  const costUs = ((performance.now() - startMs) * 1_000) / count;
  for (const [index, sum] of (await wray.get(refs)).entries()) check("math/add", sum, index + 1);
  return costUs;
}
