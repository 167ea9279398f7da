import type { Client } from "wray";
import { loadPolicy, type Policy } from "../../examples/learn-to-run/policy.ts";
import { servePolicy, walkerPath } from "../../examples/serve-policy/serve.ts";
import { startClient, startCluster } from "./cluster.ts";
import { latencies, values } from "./figures.ts";
import { type Batch, Rates } from "./local/batches.ts";
import { byTurns, type Call, check, oneByOneUs } from "./measure.ts";
import type { Context, Figure, Suite } from "./suite.ts";

/** Decisions that are awaited one by one; and batches of 1,000 that are all asked for before the first is waited for. */
const full = {
  ...{ turnCount: 7, awaitedCount: 500, warmUpCount: 3_000 },
  ...{ batchCount: 20, batchSize: 1_000, turnMs: 1_000 },
};
const quick = {
  ...{ turnCount: 2, awaitedCount: 10, warmUpCount: 10 },
  ...{ batchCount: 1, batchSize: 100, turnMs: 1_000 },
};

/** How many observations there are, again and again. */
const caseCount = 64;

export const serving: Suite = {
  name: "serving",
  description: "decisions of a policy that an actor serves, one by one and many at once",

  async *run(context) {
    const cases = casesOf(await loadPolicy(walkerPath));
    const plain: Call = async (index) => cases.check(index, cases.decide(cases.observation(index)));
    const embedded = await startClient(context);
    yield* compare(context, "embedded", await served(embedded, cases), [
      { name: "plain loop in this thread", call: plain },
      { name: "plain loop in this thread", call: plain },
    ]);
    await embedded.shutdown();
    const { wray, peer, stop } = await startCluster(context);
    yield* compare(context, "NATS", await served(wray, cases), [
      { name: "NATS request/reply", call: peer.request },
      { name: "NATS request/reply, own inbox", call: peer.call },
    ]);
    await stop();
  },
};

type Baseline = { name: string; call: Call };

async function* compare(
  { isQuick }: Context,
  where: string,
  decision: Call,
  [awaited, pipelined]: [Baseline, Baseline],
): AsyncIterable<Figure> {
  const { turnCount, awaitedCount, warmUpCount, ...size } = isQuick ? quick : full;
  for (const call of [awaited.call, decision]) await oneByOneUs(warmUpCount, call);
  yield* latencies(
    `decision, ${where}`,
    "µs",
    await byTurns(turnCount, () => oneByOneUs(awaitedCount, decision), {
      name: awaited.name,
      measure: () => oneByOneUs(awaitedCount, awaited.call),
    }),
  );
  const [ours, bare] = [decision, pipelined.call].map((call) => new Rates(batchOf(call), size)) as [
    Rates,
    Rates,
  ];
  for (const rates of [bare, ours]) await rates.warmUp();
  const compared = await byTurns(turnCount, ours.perSecond, {
    name: pipelined.name,
    measure: bare.perSecond,
  });
  yield values(`decisions, ${where}`, "1/s", ours.taskCount, compared);
}

const batchOf =
  (call: Call): Batch =>
  async (count) => {
    await Promise.all(Array.from({ length: count }, (_, index) => call(index)));
  };

type Cases = ReturnType<typeof casesOf>;

/** Asks an actor that decides as the policy does, and checks what it says. */
async function served(wray: Client, cases: Cases): Promise<Call> {
  const { server } = await servePolicy(wray);
  return async (index) => cases.check(index, await wray.get(server.decide.remote(cases.observation(index))));
}

/** Observations of the walker, and the linear policy in JavaScript, which decides for each of its legs by a row. */
function casesOf({ hidden, theta }: Policy) {
  check("the hidden layers", hidden.length, 0);
  const [legs, inputs, outputs] = [2, 21, 3];
  check("the parameters", theta.length, outputs * (inputs + 1));
  const parameters = Float64Array.from(theta);
  const decide = (observation: Float64Array): Float64Array => {
    const action = new Float64Array(legs * outputs);
    for (let leg = 0; leg < legs; leg++) {
      for (let output = 0, next = 0; output < outputs; output++) {
        let sum = 0;
        for (let input = 0; input < inputs; input++)
          sum += parameters[next++]! * observation[leg * inputs + input]!;
        action[leg * outputs + output] = sum + parameters[next++]!;
      }
    }
    return action;
  };
  const observations = Array.from({ length: caseCount }, (_, index) =>
    Float64Array.from({ length: legs * inputs }, (_, i) => Math.sin(index + i)),
  );
  const expected = observations.map(decide);
  return {
    decide,
    observation: (index: number) => observations[index % caseCount]!,
    check(index: number, action: Float64Array) {
      const right = expected[index % caseCount]!;
      for (let i = 0; i < right.length; i++) check("a decision", action[i], right[i]);
    },
  };
}
