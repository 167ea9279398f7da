import { actorHost, type Client } from "wray";
import { barred } from "../bar.ts";
import { type Cluster, startCluster } from "../cluster.ts";
import { latencies } from "../figures.ts";
import { byTurns, check } from "../measure.ts";
import type { Context, Figure } from "../suite.ts";

const full = { turnCount: 5, moveCount: 20 };
const quick = { turnCount: 2, moveCount: 2 };

const mebibyte = 1024 ** 2;

/**
 * How long the call takes that comes right after an actor with 1 MiB of state is told to move to another host: for so long it
 * does nothing. Beside a call that finds it where it is.
 */
export async function* moving(context: Context): AsyncIterable<Figure> {
  const { turnCount, moveCount } = context.isQuick ? quick : full;
  const cluster = await startCluster(context, 2);
  const { wray, call, move } = await queueOf(cluster);
  // Its module has to get to both hosts.
  for (let count = 0; count < 2; count++) await move();
  const pauses = async (action: () => Promise<void>) => {
    const samples: number[] = [];
    while (samples.length < moveCount) {
      const startMs = performance.now();
      await action();
      samples.push(performance.now() - startMs);
    }
    return samples;
  };
  const compared = await byTurns(turnCount, () => pauses(move), {
    name: "a call without a move",
    measure: () => pauses(call),
  });
  yield barred(latencies("pause of a move, 1 MiB", "ms", compared)[0], { of: "p50", atMost: 50 });
  await wray.shutdown();
  await cluster.stop();
}

/** A queue that holds 1 MiB, which each call looks for. */
async function queueOf({ wray }: Cluster): Promise<{
  wray: Client;
  call(): Promise<void>;
  move(): Promise<void>;
}> {
  const queue = (await wray.actor("actors/Queue")).remote(1);
  const item = new Uint8Array(mebibyte).fill(1);
  check("an empty queue", await wray.get(queue.tryPush.remote(item)), true);
  // A call that may have changed it waits for its state.
  const call = async () =>
    check("a full queue", await wray.get(queue.tryPush.remote(new Uint8Array(1))), false);
  return {
    ...{ wray, call },
    async move() {
      const from = queue[actorHost];
      wray.migrate(queue, wray.nodes().find(({ id }) => id !== from)!.id);
      await call();
    },
  };
}
