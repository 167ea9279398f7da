import { type Bar, barred } from "./bar.ts";
import { startEchoThread } from "./bare/thread.ts";
import { emptyTask, startClient, startCluster } from "./cluster.ts";
import { latencies } from "./figures.ts";
import { byTurns, type Call, oneByOneUs } from "./measure.ts";
import type { Context, Figure, Suite } from "./suite.ts";

const full = { turnCount: 10, callCount: 500, warmUpCount: 3_000 };
const quick = { turnCount: 2, callCount: 10, warmUpCount: 10 };

const natsBar: Bar = { of: "ratio", atMost: 1.5 };

export const roundtrip: Suite = {
  name: "roundtrip",
  description: "an empty task, awaited before the next is submitted",

  async *run(context) {
    const embedded = await startClient(context);
    const thread = await context.start(
      async () => startEchoThread(),
      (thread) => thread.stop(),
    );
    yield* await compare(
      context,
      "task, embedded",
      await emptyTask(embedded),
      "postMessage echo",
      thread.call,
    );
    await embedded.shutdown();

    const { wray, peer } = await startCluster(context);
    const request = "NATS request/reply";
    const [task, bare] = await compare(context, "task, NATS", await emptyTask(wray), request, peer.request);
    yield barred(task, natsBar);
    yield bare;
  },
};

async function compare(
  { isQuick }: Context,
  name: string,
  task: Call,
  baselineName: string,
  baseline: Call,
): Promise<[Figure, Figure]> {
  const { turnCount, callCount, warmUpCount } = isQuick ? quick : full;
  await oneByOneUs(warmUpCount, baseline);
  await oneByOneUs(warmUpCount, task);
  const compared = await byTurns(turnCount, () => oneByOneUs(callCount, task), {
    name: baselineName,
    measure: () => oneByOneUs(callCount, baseline),
  });
  return latencies(name, "µs", compared);
}
