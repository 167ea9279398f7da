import type { ActorModules, Client, ObjectRef } from "wray";
import { barred } from "../bar.ts";
import { startEchoThread } from "../bare/thread.ts";
import { type Cluster, startClient } from "../cluster.ts";
import { latencies, values } from "../figures.ts";
import { type Batch, Rates } from "../local/batches.ts";
import { byTurns, type Call, check, oneByOneUs } from "../measure.ts";
import type { Context, Figure } from "../suite.ts";

/** Batches of 10,000 calls that are all submitted before the first is waited for; and calls, one after the other. */
const full = {
  ...{ turnCount: 5, warmUpCount: 10, batchCount: 20, batchSize: 10_000, turnMs: 1_000 },
  ...{ awaitedCount: 1_000, awaitedWarmUpCount: 3_000 },
};
const quick = {
  ...{ turnCount: 2, warmUpCount: 1, batchCount: 1, batchSize: 100, turnMs: 1_000 },
  ...{ awaitedCount: 10, awaitedWarmUpCount: 10 },
};

/** Calls of one actor on an embedded host, beside messages that a bare thread sends back. */
export async function* embeddedCalls(context: Context, wray: Client): AsyncIterable<Figure> {
  const thread = await context.start(
    async () => startEchoThread(),
    (thread) => thread.stop(),
  );
  const echo = { name: "postMessage echo", call: thread.call };
  const rate = await pipelined(context, "actor calls, embedded", () => ownOf(wray), echo);
  yield barred(rate, { of: "value", atLeast: 500_000 });
  const [awaited, bare] = await oneByOne(context, "actor call, awaited, embedded", () => ownOf(wray), echo);
  yield barred(awaited, { of: "p50", atMost: 20 });
  yield bare;
  await thread.stop();
}

/** The same over NATS, beside bare requests. */
export async function* natsCalls(context: Context, { wray, peer, server }: Cluster): AsyncIterable<Figure> {
  const other = await startClient(context, server.url);
  const inbox = { name: "NATS request/reply, own inbox", call: peer.call };
  const rate = await pipelined(context, "actor calls, NATS", () => ownOf(wray), inbox);
  yield barred(rate, { of: "value", atLeast: 50_000 });
  const request = { name: "NATS request/reply", call: peer.request };
  const [awaited, bare] = await oneByOne(context, "actor call, awaited, NATS", () => ownOf(wray), request);
  yield barred(awaited, { of: "ratio", atMost: 1.5 });
  yield bare;
  yield await pipelined(context, "by another program", () => foreign(wray, other), inbox);
  yield (await oneByOne(context, "by another program, awaited", () => foreign(wray, other), request))[0];
  yield await pipelined(context, "of a detached one with a checkpoint", () => detached(other), inbox);
  yield (await oneByOne(context, "of such a one, awaited", () => detached(other), request))[0];
  await other.shutdown();
}

type Counting = { wray: Client; counter: { incr: { remote(by: number): ObjectRef<number> } } };

const ownOf = async (wray: Client): Promise<Counting> => ({
  wray,
  counter: (await wray.actor("actors/Counter")).remote(),
});

/** A counter of one program, as another one has it. */
async function foreign(owner: Client, wray: Client): Promise<Counting> {
  const counter = (await owner.actor("actors/Counter")).remote();
  return { wray, counter: await wray.getActor<CounterFunctions>(owner.share(counter)) };
}

let count = 0;
async function detached(wray: Client): Promise<Counting> {
  const Counter = await wray.actor("actors/Counter");
  const options = {
    lifetime: "detached",
    name: `counter${count++}`,
    checkpoint: { everyCalls: 1_000 },
  } as const;
  return { wray, counter: Counter.options(options).remote() };
}

type CounterFunctions = ActorModules["actors"]["Counter"];
type Baseline = { name: string; call: Call };

async function pipelined(
  { isQuick }: Context,
  name: string,
  make: () => Promise<Counting>,
  baseline: Baseline,
): Promise<Figure> {
  const { turnCount, warmUpCount, ...size } = isQuick ? quick : full;
  const echoes: Batch = async (count) => {
    await Promise.all(Array.from({ length: count }, (_, index) => baseline.call(index)));
  };
  const [ours, bare] = [new Rates(batchOfCalls(await make()), size), new Rates(echoes, size)];
  await bare.warmUp();
  for (let count = 0; count < warmUpCount; count++) await ours.warmUp();
  const compared = await byTurns(turnCount, ours.perSecond, { name: baseline.name, measure: bare.perSecond });
  return values(name, "1/s", ours.taskCount, compared);
}

async function oneByOne(
  { isQuick }: Context,
  name: string,
  make: () => Promise<Counting>,
  { name: baselineName, call }: Baseline,
): Promise<[Figure, Figure]> {
  const { turnCount, awaitedCount, awaitedWarmUpCount } = isQuick ? quick : full;
  const ours = counted(await make());
  await oneByOneUs(awaitedWarmUpCount, call);
  await oneByOneUs(awaitedWarmUpCount, ours);
  const compared = await byTurns(turnCount, () => oneByOneUs(awaitedCount, ours), {
    name: baselineName,
    measure: () => oneByOneUs(awaitedCount, call),
  });
  return latencies(name, "µs", compared);
}

/** Calls of one counter, whose results tell that none was lost, repeated or out of order. */
function batchOfCalls({ wray, counter }: Counting): Batch {
  let count = 0;
  return async (callCount) => {
    const refs = Array.from({ length: callCount }, () => counter.incr.remote(1));
    for (const value of await wray.get(refs)) check("a counter", value, ++count);
  };
}

function counted({ wray, counter }: Counting): Call {
  let count = 0;
  return () => wray.get(counter.incr.remote(1)).then((value) => check("a counter", value, ++count));
}
