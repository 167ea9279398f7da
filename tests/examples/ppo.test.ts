import { type Client, gangOf, init, type Modules } from "wray";
import { firstWeights } from "../../examples/digits/network.ts";
import { type LearnOptions, learn, tryOut } from "../../examples/ppo/learn.ts";
import { startCluster } from "../support/cluster.ts";
import { assert, rejects, suite, type TestContext } from "../support/index.ts";

const test = suite("ppo");
/** What learning may take beside other tests. */
const slow = { timeoutMs: 120_000 };

type Kernels = Modules["ppo"];
type Rollout = ReturnType<Kernels["rollout"]>;
type Targets = ReturnType<Kernels["targets"]>;

async function startEmbedded(t: TestContext, cpus = 2): Promise<Client> {
  const wray = await init({ cpus });
  t.after(() => wray.shutdown());
  return wray;
}

async function startPpo(t: TestContext) {
  const wray = await startEmbedded(t);
  return { wray, ppo: await wray.load<"ppo">("build/ppo.wasm") };
}

const close = (actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5) => {
  assert.is(actual.length, expected.length);
  for (let i = 0; i < actual.length; i++) {
    assert.ok(
      Math.abs(actual[i]! - expected[i]!) < tolerance,
      `${i}: ${actual[i]} instead of ${expected[i]}`,
    );
  }
};

const sizes = [4, 8, 3];

test("rollout() goes on with the next episode, and values what it breaks off", async (t) => {
  const { wray, ppo } = await startPpo(t);
  const steps = 300;
  const rollout = await wray.get(ppo.kernel("rollout").remote(firstWeights(sizes), sizes, 5, steps));
  const { observations, stops, values, nextValues, logProbs, actions } = rollout;
  assert.ok(actions.includes(0) && actions.includes(1));
  assert.is(stops.at(-1), 1);
  const ends = [...stops.keys()].filter((step) => stops[step] === 1);
  assert.ok(ends.length > 5, `${ends.length} episodes`);
  for (let step = 0; step < steps - 1; step++) {
    if (stops[step] === 1) {
      assert.is(nextValues[step], 0, "a pole that fell");
      const begin = observations.subarray(4 * step + 4, 4 * step + 8);
      assert.ok(begin.every((x) => Math.abs(x) <= 0.05));
    } else assert.is(nextValues[step], values[step + 1]);
  }
  // The last episode would have gone on.
  assert.not.equal(nextValues.at(-1), 0);
  assert.ok(logProbs.every((logProb) => logProb < 0 && logProb > -5));
  const mean = await wray.get(ppo.kernel("meanSteps").remote(rollout));
  assert.is(mean, (ends.at(-2)! + 1) / (ends.length - 1));
});

test("observations() and targets() share a rollout out, with advantages as their definition says", async (t) => {
  const { wray, ppo } = await startPpo(t);
  const [count, parts, gamma, lambda] = [11, 3, 0.9, 0.8];
  const numbers = (scale: number) =>
    Float32Array.from({ length: count }, (_, i) => Math.sin(scale * (i + 1)));
  const rollout: Rollout = {
    observations: Float32Array.from({ length: 4 * count }, (_, i) => i),
    actions: Uint8Array.from({ length: count }, (_, i) => i % 2),
    ...{ logProbs: numbers(3), rewards: numbers(5), values: numbers(7), nextValues: numbers(11) },
    stops: Uint8Array.of(0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 1),
  };
  // Of each step the sum of all errors to come in its episode, each less by `gamma * lambda` a step.
  const errorAt = (i: number) =>
    (1 - gamma) * rollout.rewards[i]! + gamma * rollout.nextValues[i]! - rollout.values[i]!;
  const advantageAt = (i: number): number =>
    errorAt(i) + (rollout.stops[i] === 1 ? 0 : gamma * lambda * advantageAt(i + 1));
  for (let part = 0; part < parts; part++) {
    const own = [...Array(count).keys()].filter((step) => step % parts === part);
    const [x, targets] = await wray.get([
      ppo.kernel("observations").remote(rollout, part, parts),
      ppo.kernel("targets").remote(rollout, part, parts, gamma, lambda),
    ]);
    close(
      x,
      own.flatMap((step) => [0, 1, 2, 3].map((i) => 4 * step + i)),
    );
    close(
      targets.actions,
      own.map((step) => step % 2),
    );
    close(
      targets.logProbs,
      own.map((step) => rollout.logProbs[step]!),
    );
    const advantages = own.map(advantageAt);
    close(
      targets.values,
      own.map((step, i) => rollout.values[step]! + advantages[i]!),
    );
    const mean = advantages.reduce((sum, a) => sum + a, 0) / own.length;
    const deviation = Math.sqrt(advantages.reduce((sum, a) => sum + (a - mean) ** 2, 0) / own.length);
    close(
      targets.advantages,
      advantages.map((a) => (a - mean) / deviation),
    );
  }
});

/** The loss of which `lossGradient` tells the gradient, as it is written down. */
function lossOf(outputs: readonly number[], targets: Targets, clip: number, entropy: number): number {
  const { length } = targets.actions;
  let loss = 0;
  for (let i = 0; i < length; i++) {
    const [left, right, value] = outputs.slice(3 * i, 3 * i + 3) as [number, number, number];
    const total = Math.log(Math.exp(left) + Math.exp(right));
    const logs = [left - total, right - total];
    const ratio = Math.exp(logs[targets.actions[i]!]! - targets.logProbs[i]!);
    const advantage = targets.advantages[i]!;
    const clipped = Math.min(Math.max(ratio, 1 - clip), 1 + clip);
    const disorder = -logs.reduce((sum, log) => sum + Math.exp(log) * log, 0);
    loss -= Math.min(ratio * advantage, clipped * advantage) + entropy * disorder;
    loss += (value - targets.values[i]!) ** 2 / 2;
  }
  return loss / length;
}

test("lossGradient() is the slope of the loss, for actions that are clipped and that are not", async (t) => {
  const { wray, ppo } = await startPpo(t);
  const outputs = [0.5, -0.3, 1, 2, -1, 0.2, -0.4, 0.7, -2, 0.1, 0.1, 0.4];
  const targets: Targets = {
    actions: Uint8Array.of(0, 1, 1, 0),
    // Likelier than before by far, less likely by far, and nearly as before, twice.
    logProbs: Float32Array.of(-2, -0.1, -0.3, -0.7),
    advantages: Float32Array.of(1.5, -0.8, 0.6, -1.1),
    values: Float32Array.of(0, 1, -1, 0.5),
  };
  const [clip, entropy, h] = [0.2, 0.05, 1e-5];
  const lossAt = (i: number, by: number) =>
    lossOf(
      outputs.map((output, j) => (i === j ? output + by : output)),
      targets,
      clip,
      entropy,
    );
  const expected = outputs.map((_, i) => (lossAt(i, h) - lossAt(i, -h)) / (2 * h));
  const actual = await wray.get(
    ppo.kernel("lossGradient").remote(Float32Array.from(outputs), targets, clip, entropy),
  );
  close(actual, expected);
});

test("Learner steps by Adam with the mean of all gradients, none longer than it may be", async (t) => {
  const { wray, ppo } = await startPpo(t);
  const first = Float32Array.of(1, -2, 3);
  const [rate, longest] = [0.1, 0.5];
  const learners = [1, 2, 3].map(() => ppo.actor("Learner").remote(first));
  const weights = [...first];
  const [means, squares] = [
    [0, 0, 0],
    [0, 0, 0],
  ];
  for (let turn = 1; turn <= 3; turn++) {
    const gradients = learners.map((_, rank) => Float32Array.of(rank, -turn, 0.01 * rank));
    const after = await wray.get(gangOf(learners).step.remote(gradients.map((g) => [g, rate, longest])));
    const mean = weights.map((_, i) => gradients.reduce((sum, g) => sum + g[i]!, 0) / 3);
    const scale = Math.min(1, longest / Math.hypot(...mean));
    for (let i = 0; i < 3; i++) {
      means[i] = 0.9 * means[i]! + 0.1 * scale * mean[i]!;
      squares[i] = 0.999 * squares[i]! + 0.001 * (scale * mean[i]!) ** 2;
      const along = means[i]! / (1 - 0.9 ** turn);
      weights[i]! -= (rate * along) / (Math.sqrt(squares[i]! / (1 - 0.999 ** turn)) + 1e-8);
    }
    close(after[0]!, weights);
    assert.equal(after[1], after[0]);
    assert.equal(after[2], after[0]);
  }
});

test(
  "learn() solves the cart-pole: 475 steps or more in the mean of 100 episodes",
  async (t) => {
    const wray = await startEmbedded(t);
    const { weights, sizes, iterations } = await learn(wray, { seed: 3, until: 490, variant: "simd" });
    assert.ok(iterations[0]!.trialSteps! < 100, `${iterations[0]!.trialSteps} steps before`);
    assert.ok(iterations.at(-1)!.meanSteps > 3 * iterations[0]!.meanSteps);
    const mean = await tryOut(wray, { weights, sizes }, 100, 1);
    assert.ok(mean >= 475, `${mean}`);
  },
  slow,
);

/** Of a variant that is named, since those of GPUs round otherwise. */
const short: LearnOptions = { variant: "simd", iterations: 2, steps: 128, hidden: [16], epochs: 2, parts: 2 };

test(
  "learn() learns the same to the last bit on one worker, on two, on two hosts, and by vectors of four or not",
  async (t) => {
    const wray = await startEmbedded(t);
    const { weights: expected } = await learn(wray, short);
    const cluster = await startCluster(t, { hosts: 2 });
    for (const [where, client, options] of [
      ["one worker", await startEmbedded(t, 1), {}],
      ["two hosts", await cluster.connect(), {}],
      ["wasm", wray, { variant: "wasm" }],
    ] as const) {
      const { weights } = await learn(client, { ...short, ...options });
      assert.equal(weights, expected, where);
    }
    assert.not.equal((await learn(wray, { ...short, seed: 2 })).weights, expected);
    assert.not.equal((await learn(wray, { ...short, learners: 1 })).weights, expected);
  },
  slow,
);

test("learn() learns nearly the same by whichever variants cost least", async (t) => {
  const wray = await startEmbedded(t);
  const { weights: expected } = await learn(wray, short);
  const { variant, ...anyVariant } = short;
  close((await learn(wray, anyVariant)).weights, expected, 5e-3);
});

test("learn() fails when there is no such variant", async (t) => {
  const wray = await startEmbedded(t, 1);
  await rejects(learn(wray, { ...short, variant: "abacus" }), "INVALID_TASK");
});
