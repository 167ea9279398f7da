import type { Client } from "wray";
import { startEchoThread } from "./bare/thread.ts";
import { emptyTask, startClient, startCluster } from "./cluster.ts";
import { value, values } from "./figures.ts";
import { byTurns, type Call, callsPerSecond, check } from "./measure.ts";
import type { Context, Figure, Suite } from "./suite.ts";

const full = { turnCount: 5, callCount: 30_000, outstanding: 10_000 };
const quick = { turnCount: 2, callCount: 400, outstanding: 100 };

export const throughput: Suite = {
  name: "throughput",
  description: "empty tasks with many outstanding, and what submitting one costs",

  async *run(context) {
    const embedded = await startClient(context);
    const thread = await context.start(
      async () => startEchoThread(),
      (thread) => thread.stop(),
    );
    yield* figures(context, "embedded", embedded, "postMessage echo", thread.call);
    await embedded.shutdown();

    const { wray, peer } = await startCluster(context);
    yield* figures(context, "NATS", wray, "NATS request/reply, own inbox", peer.call);
  },
};

async function* figures(
  { isQuick }: Context,
  where: string,
  wray: Client,
  baselineName: string,
  baseline: Call,
): AsyncIterable<Figure> {
  const { turnCount, callCount, outstanding } = isQuick ? quick : full;
  const task = await emptyTask(wray);
  await callsPerSecond(callCount, outstanding, baseline);
  await callsPerSecond(callCount, outstanding, task);
  const compared = await byTurns(turnCount, () => callsPerSecond(callCount, outstanding, task), {
    name: baselineName,
    measure: () => callsPerSecond(callCount, outstanding, baseline),
  });
  const count = outstanding.toLocaleString("en");
  yield values(`tasks with ${count} outstanding, ${where}`, "1/s", turnCount * callCount, compared);

  const costsUs: number[] = [];
  for (let turn = 0; turn < turnCount; turn++) costsUs.push(await submitCostUs(wray, outstanding));
  yield value(`submit, ${where}`, "µs", turnCount * outstanding, costsUs);
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
