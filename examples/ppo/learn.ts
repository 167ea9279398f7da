import { type Client, gangOf, type ObjectRef } from "wray";
import { firstWeights } from "../digits/network.ts";

export type LearnOptions = {
  /** The compiled `kernels/ppo.ts`. */
  module?: string;
  /** What all random numbers follow from. */
  seed?: number;
  /** How often it rolls out and learns from that, at most. */
  iterations?: number;
  /** It ends when the policy keeps the pole up for so many steps, in the mean of its trial. */
  until?: number;
  /** After how many iterations the policy is tried, and in how many episodes. */
  tryEvery?: number;
  tryEpisodes?: number;
  /** How many learn together, each from a rollout of its own. Another number learns another policy. */
  learners?: number;
  /** Of each rollout. */
  steps?: number;
  /** How often each rollout is learned from, and in how many parts. */
  epochs?: number;
  parts?: number;
  /** How many numbers each hidden layer has. */
  hidden?: readonly number[];
  /** Of the first step of Adam; it goes down to 0 with the iterations. */
  rate?: number;
  /** What a reward is worth a step later, and how far advantages look ahead. */
  gamma?: number;
  lambda?: number;
  /** By which part an action may become likelier or less likely before it counts no more. */
  clip?: number;
  /** How much disorder is worth. */
  entropy?: number;
  /** How long a gradient may be. */
  longest?: number;
  /**
   * By which variant of the kernels of tensors it learns: "simd", "wasm" or "gpu". Default: whichever costs least. A GPU rounds
   * otherwise, so only a variant that is named gives the same policy to the last bit each time.
   */
  variant?: string;
  /** Called with what each rollout was like, and each trial. */
  onIteration?: (iteration: Iteration) => void;
};

export type Iteration = {
  /** How many iterations there were before. */
  iteration: number;
  /** Since the beginning. */
  seconds: number;
  /** How many steps were learned from so far. */
  steps: number;
  /** How long an episode of the rollouts was, in the mean. */
  meanSteps: number;
  /** How long an episode of the trial was, if there was one: without chance. */
  trialSteps?: number;
};

export type Learning = {
  weights: Float32Array;
  /** Inputs, hidden layers, and outputs: a logit for each of two actions, and a value. */
  sizes: number[];
  iterations: Iteration[];
};

/** Seeds of trials, which no rollout uses. */
const firstTrialSeed = 0xff00_0000;

/**
 * Learns to hold up the cart-pole. An iteration is a rollout for each learner, as a task, and then a graph of tasks that is
 * submitted at once: for each part of a rollout forward, the gradient of the loss and backward, by the kernels of the module
 * `tensor`, and a step of all learners together, which are actors and a gang. This program gets no more of it than a
 * number of each rollout.
 */
export async function learn(wray: Client, options: LearnOptions = {}): Promise<Learning> {
  const { module = "build/ppo.wasm", seed = 1, iterations = 60, until = Number.POSITIVE_INFINITY } = options;
  const { tryEvery = 5, tryEpisodes = 20, learners: learnerCount = 2, steps = 1_024 } = options;
  const { epochs = 4, parts = 4, hidden = [64, 64], rate = 1e-3 } = options;
  const { gamma = 0.99, lambda = 0.95, clip = 0.2, entropy = 0.01, longest = 0.5 } = options;
  const ofVariant = options.variant === undefined ? {} : { variant: options.variant };
  const ppo = await wray.load<"ppo">(module);
  const forward = (await wray.remote("tensor/mlpForward")).options(ofVariant);
  const backward = (await wray.remote("tensor/mlpGradient")).options(ofVariant);
  const sizes = [4, ...hidden, 3];
  const first = wray.put(firstWeights(sizes, seed));
  const learners = Array.from({ length: learnerCount }, () => ppo.actor("Learner").remote(first));
  const gang = gangOf(learners);

  const rolloutOf = (weights: ObjectRef<Float32Array>, rolloutSeed: number) =>
    ppo.kernel("rollout").remote(weights, sizes, rolloutSeed, steps);
  /** What a learner has to learn from: of each part, what goes into the network, and what should come of it. */
  const partsOf = (rollout: ReturnType<typeof rolloutOf>) =>
    Array.from({ length: parts }, (_, part) => ({
      x: ppo.kernel("observations").remote(rollout, part, parts),
      targets: ppo.kernel("targets").remote(rollout, part, parts, gamma, lambda),
    }));
  /** The weights of all learners after they have learned from their rollouts. */
  const update = (rollouts: ReturnType<typeof rolloutOf>[], stepRate: number) => {
    const batches = rollouts.map(partsOf);
    for (let turn = 0; turn < epochs * parts; turn++) {
      const calls = batches.map((ofLearner, rank): [ObjectRef<Float32Array>, number, number] => {
        const { x, targets } = ofLearner[turn % parts]!;
        const outputs = forward.remote(x, weights[rank]!, sizes);
        const slopes = ppo.kernel("lossGradient").remote(outputs, targets, clip, entropy);
        return [backward.remote(x, slopes, weights[rank]!, sizes), stepRate, longest];
      });
      weights = gang.step.remote(calls);
    }
  };

  const startMs = performance.now();
  const history: Iteration[] = [];
  let weights = learners.map(() => first);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const firstSeed = seed * 1_000_003 + iteration * learnerCount;
    const rollouts = weights.map((own, rank) => rolloutOf(own, firstSeed + rank));
    const isTried = iteration % tryEvery === 0;
    const trialSteps = isTried ? await tryOut(wray, { module, weights: weights[0]!, sizes }, tryEpisodes) : 0;
    const means = await wray.get(rollouts.map((rollout) => ppo.kernel("meanSteps").remote(rollout)));
    history.push({
      iteration,
      seconds: (performance.now() - startMs) / 1_000,
      steps: iteration * learnerCount * steps,
      meanSteps: means.reduce((sum, mean) => sum + mean, 0) / means.length,
      ...(isTried && { trialSteps }),
    });
    options.onIteration?.(history.at(-1)!);
    if (trialSteps >= until) break;
    update(rollouts, rate * (1 - iteration / iterations));
  }
  return { weights: await wray.get(weights[0]!), sizes, iterations: history };
}

/** How long a policy keeps the pole up without chance: the mean of so many episodes, which follow from `seed`. */
export async function tryOut(
  wray: Client,
  {
    module = "build/ppo.wasm",
    weights,
    sizes,
  }: { module?: string; weights: Float32Array | ObjectRef<Float32Array>; sizes: number[] },
  episodes: number,
  seed = firstTrialSeed,
): Promise<number> {
  const episode = (await wray.load<"ppo">(module)).kernel("episode");
  const all = await wray.get(
    Array.from({ length: episodes }, (_, index) => episode.remote(weights, sizes, seed + index)),
  );
  return all.reduce((sum, count) => sum + count, 0) / episodes;
}
