import type { Client } from "wray";
import { barred } from "../bar.ts";
import { cpuNsOfThreads } from "../cpu.ts";
import { value, values } from "../figures.ts";
import { startEmbedded } from "../local/setting.ts";
import { check, elapsedMs } from "../measure.ts";
import type { Context, Figure } from "../suite.ts";
import { startPlainThreads } from "./plain-threads.ts";
import { type RolloutArgs, rolloutArgs } from "./rollout-args.ts";

/** An episode takes 1.7 ms: of so many, neither the first one's way nor the last one's weighs much. */
const full = { turnCount: 15, warmUpCount: 600, count: 128 };
const quick = { turnCount: 1, warmUpCount: 4, count: 4 };

/** A turn of one way to run episodes: their rate, and what one took of the processor in the thread that ran most. */
type Turn = { perSecond: number; cpuUs: number };

/**
 * Episodes of the walker as tasks, on one worker and on two, beside bare threads that have nothing else to do: what a task
 * adds to its episode, and how much two workers win, where this machine lets two threads win something.
 */
export async function* rollouts(context: Context): AsyncIterable<Figure> {
  const { turnCount, warmUpCount, count } = context.isQuick ? quick : full;
  const args = await rolloutArgs();
  const threads = await startPlainThreads(context, args, 2);
  const one = await tasksOf(await startEmbedded(context, 1), args);
  const two = await tasksOf(await startEmbedded(context, 2), args);
  const expected = await threads.run(2, 2);

  const ways = [
    { run: (count: number) => threads.run(count, 1), turns: [] as Turn[] },
    { run: one, turns: [] as Turn[] },
    { run: (count: number) => threads.run(count, 2), turns: [] as Turn[] },
    { run: two, turns: [] as Turn[] },
  ] as const;
  for (const { run } of ways) await run(warmUpCount);
  for (let turn = 0; turn < turnCount; turn++) {
    for (const { run, turns } of ways) {
      const before = await cpuNsOfThreads();
      let mean = 0;
      const ms = await elapsedMs(async () => {
        mean = await run(count);
      });
      const threadNs = [...(await cpuNsOfThreads())].map(([id, ns]) => ns - (before.get(id) ?? 0));
      // Sums of the same number are rounded in another way in two halves.
      check("gym/esRollout's score", mean.toFixed(9), expected.toFixed(9));
      turns.push({ perSecond: (count * 1_000) / ms, cpuUs: Math.max(...threadNs) / 1_000 / count });
    }
  }

  const n = turnCount * count;
  const [thread, worker, twoThreads, workers] = ways.map(({ turns }) => turns) as [
    ...[Turn[], Turn[], Turn[], Turn[]],
  ];
  const compared = (of: keyof Turn, turns: Turn[], name: string, baseline: Turn[]) => ({
    turns: turns.map((turn) => turn[of]),
    baseline: { name, turns: baseline.map((turn) => turn[of]) },
  });
  const rate = "perSecond";
  yield values("rollouts, 1 worker", "1/s", n, compared(rate, worker, "1 bare thread", thread));
  yield barred(
    value(
      "time outside of rollouts, 1 worker",
      "%",
      n,
      worker.map(({ perSecond }, turn) => 100 * (1 - perSecond / thread[turn]!.perSecond)),
    ),
    { of: "value", atMost: 2 },
  );
  yield barred(
    values("a rollout, 1 worker", "cpu µs", n, compared("cpuUs", worker, "1 bare thread", thread)),
    { of: "ratio", atMost: 1.02 },
  );
  yield barred(values("rollouts, 2 workers", "1/s", n, compared(rate, workers, "1 worker", worker)), {
    of: "ratio",
    atLeast: 1.8,
  });
  yield values("rollouts, 2 bare threads", "1/s", n, compared(rate, twoThreads, "1 bare thread", thread));
}

/** Runs so many episodes as tasks, submitted at once. Returns the mean of their scores. */
async function tasksOf(wray: Client, args: RolloutArgs): Promise<(count: number) => Promise<number>> {
  const esRollout = await wray.remote("gym/esRollout");
  const [env, hidden, theta, ...rest] = args;
  const shared = wray.put(theta);
  return async (count) => {
    const refs = Array.from({ length: count }, () => esRollout.remote(env, hidden, shared, ...rest));
    const episodes = await wray.get(refs);
    return episodes.reduce((sum, { score }) => sum + score, 0) / count;
  };
}
