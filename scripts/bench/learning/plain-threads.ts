import source from "worker:./plain-thread.ts";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { readShipped } from "../shipped.ts";
import type { Context } from "../suite.ts";
import { prepared } from "../worker.ts";
import type { PlainThreadData } from "./plain-thread.ts";
import type { RolloutArgs } from "./rollout-args.ts";

/** Threads that run episodes and nothing else: how many of them this machine can run at all. */
export type PlainThreads = {
  /** Runs so many episodes, as many in each of the first `threadCount` threads. Returns the mean of their scores. */
  run(count: number, threadCount: number): Promise<number>;
};

export async function startPlainThreads(
  { start }: Context,
  args: RolloutArgs,
  count: number,
): Promise<PlainThreads> {
  const module = await prepared(await readShipped("gym"));
  const workerData: PlainThreadData = { module, args };
  const threads = await start(
    async () => Array.from({ length: count }, () => new Worker(source, { eval: true, workerData })),
    (threads) => Promise.all(threads.map((thread) => thread.terminate())),
  );
  return {
    async run(count, threadCount) {
      const means = await Promise.all(
        threads.slice(0, threadCount).map(async (thread) => {
          thread.postMessage(count / threadCount);
          const [mean] = await once(thread, "message");
          return mean as number;
        }),
      );
      return means.reduce((sum, mean) => sum + mean, 0) / threadCount;
    },
  };
}
