import { type Client, init } from "wray";
import { loadDigits } from "../../examples/digits/data.ts";
import { train } from "../../examples/parameter-server/train.ts";
import { startCluster } from "../support/cluster.ts";
import { assert, suite, type TestContext } from "../support/index.ts";
import { compileLogistic } from "./logistic-module.ts";
import { trainReference } from "./reference.ts";

const test = suite("parameter-server/train");

let module: string;

test.before(async (t) => {
  module = await compileLogistic(t);
});

async function startEmbedded(t: TestContext): Promise<Client> {
  const wray = await init({ cpus: 2 });
  t.after(() => wray.shutdown());
  return wray;
}

const startOverNats = async (t: TestContext) => (await startCluster(t, { hosts: 2 })).connect();

for (const inRounds of [false, true])
  test(`train() with one worker and one shard gives the weights of the plain reference${inRounds ? ", in rounds" : ""}`, async (t) => {
    const digits = await loadDigits({ rowCount: 300, heldOutCount: 100, shardCount: 1 });
    const wray = await startEmbedded(t);
    const { weights, stepCount } = await train(wray, digits, {
      ...{ module, workers: 1, epochs: 8, learningRate: 0.5, inRounds },
    });
    assert.is(stepCount, 8);
    const expected = trainReference(digits, { iterations: 8, learningRate: 0.5, momentum: 0 });
    const difference = weights.reduce((most, weight, index) => {
      return Math.max(most, Math.abs(weight - expected.weights[index]!));
    }, 0);
    assert.is(weights.length, expected.weights.length);
    assert.ok(difference < 1e-12, `${difference}`);
  });

for (const [where, start] of [
  ["in this process", startEmbedded],
  ["on two hosts over NATS", startOverNats],
] as const) {
  test(`train() learns with many workers ${where}, and applies every gradient once`, async (t) => {
    const digits = await loadDigits({ rowCount: 2_000, heldOutCount: 500, shardCount: 20 });
    const wray = await start(t);
    const { weights, stepCount, correctCount } = await train(wray, digits, {
      module,
      workers: 6,
      epochs: 15,
    });
    assert.is(stepCount, 15 * 20);
    assert.ok(weights.every(Number.isFinite));
    assert.ok(correctCount > 0.8 * 500, `${correctCount} of 500`);
  });
}

test("train() in rounds gives the same weights each time, and each round is one step of all workers", async (t) => {
  const digits = await loadDigits({ rowCount: 2_000, heldOutCount: 500, shardCount: 20 });
  const wray = await startEmbedded(t);
  const counts: number[] = [];
  const once = () =>
    train(wray, digits, {
      module,
      workers: 3,
      epochs: 15,
      inRounds: true,
      onGradient: (count) => counts.push(count),
    });
  const first = await once();
  assert.is(first.stepCount, 100);
  assert.equal(
    counts,
    counts.map((_, index) => index + 1),
  );
  assert.is(counts.length, 300);
  assert.ok(first.correctCount > 0.8 * 500, `${first.correctCount} of 500`);
  assert.equal((await once()).weights, first.weights);
});
