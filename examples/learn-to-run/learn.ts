import type { Client, ObjectRef } from "wray";
import type { Policy } from "./policy.ts";
import { type Pair, searchWeights, strategyWeights } from "./weights.ts";

export type LearnOptions = {
  /** An environment of the module `gym`, such as `walker`. */
  env: string;
  /** How many numbers each hidden layer of the policy has. Default: none, a linear one. */
  hidden?: readonly number[];
  /** What all random numbers follow from. */
  seed?: number;
  generations: number;
  /** `search` is augmented random search, `strategy` evolution strategies. */
  algorithm?: "search" | "strategy";
  /** How many perturbations a generation has, each of which is added and taken away. */
  pairs?: number;
  /**
   * Among how many of the last pairs scores are compared, at least those of a generation, which is the default. So a
   * generation can be small: its steps are as safe as those of a large one, and begin from newer parameters.
   */
  memory?: number;
  /** How many of these count, with `search`. */
  top?: number;
  /** How large perturbations are. */
  sigma?: number;
  /** How large the first step is; they get smaller, down to a tenth of it. */
  rate?: number;
  /**
   * How many generations are under way at once. With 1, the next begins when all of one have ended; with 2, workers have
   * the next to do meanwhile, whose parameters are then a step older. What is learned is the same each time, either way.
   */
  overlap?: number;
  /**
   * With which part of its pairs a generation is complete. With less than 1 nobody waits for stragglers, which are
   * cancelled; which ones those are depends on time, and so does then what is learned.
   */
  quorum?: number;
  /**
   * After how many generations the policy is tried without perturbation, and in how many episodes. Meanwhile learning
   * goes on.
   */
  tryEvery?: number;
  tryEpisodes?: number;
  /** Whether a policy is worth so much less as its episodes come to an end early, when the best one is chosen. */
  staysUp?: boolean;
  /** The score of a trial that is good enough to end with. By how much later learning ends depends on time. */
  enough?: number;
  /** Called with each of these trials, and with the parameters where they are the best so far. */
  onTrial?: (trial: Trial, best: Float64Array | undefined) => void;
};

/** How well a policy does, without perturbation: means over its episodes. */
export type Trial = {
  /** How many generations there were before. */
  generation: number;
  /** From the beginning to when its parameters were known. */
  seconds: number;
  /** Episodes that there were to learn from so far, and their steps. */
  episodes: number;
  steps: number;
  score: number;
  /** How far forward it went, in metres. */
  distance: number;
  /** The part of the episodes that came to an end before their time, as by a fall. */
  ended: number;
};

export type Learning = {
  /** That of the best trial. */
  policy: Policy;
  best: Trial;
  trials: Trial[];
  /** How long all of it took. */
  seconds: number;
  /** The parameters after the last generation. */
  last: Float64Array;
};

/** A perturbation is told by the seed of its noise, which is that of its episodes, too. */
type Rollout = { index: number; sign: 1 | -1 };
type Generation = { noises: Uint32Array; rollouts: Map<ObjectRef<Episode>, Rollout> };
type Episode = { score: number; steps: number; ended: boolean; distance: number };

/** Seeds of trials, which no generation uses. */
const firstTrialSeed = 0xff00_0000;

/**
 * Learns a policy by trying perturbations of its parameters. Each episode is a task, which makes its perturbation of a
 * seed, so that a generation sends and gets no more than numbers; the parameters stay where the tasks are. Scores are
 * taken as they come, and added in the order of their pairs, so that it does not matter who was first, how many
 * workers there are, or whether some of them die.
 */
export async function learn(wray: Client, options: LearnOptions): Promise<Learning> {
  const { env, hidden = [], seed = 1, generations, algorithm = "search", pairs = 16, top = 8 } = options;
  const {
    memory = pairs,
    enough = Number.POSITIVE_INFINITY,
    sigma = 0.04,
    rate = 0.03,
    overlap = 1,
    quorum = 1,
    tryEvery = 10,
    tryEpisodes = 10,
    staysUp = false,
  } = options;
  const esRollout = await wray.remote("gym/esRollout");
  const ascend = await wray.remote("gym/ascend");
  const worth = ({ score, ended }: Trial) => (staysUp ? score * (1 - ended) : score);
  const layers = Int32Array.from(hidden);
  const length = await wray.get((await wray.remote("gym/parameters")).remote(env, layers));

  let theta: ObjectRef<Float64Array> = wray.put(new Float64Array(length));
  // Hidden layers of zeros would never become anything else.
  if (hidden.length > 0)
    theta = ascend.remote(theta, Uint32Array.of(firstTrialSeed - seed), Float64Array.of(0.2));

  const startMs = performance.now();
  let episodes = 0;
  let steps = 0;
  /** Of the last pairs, the newest at the end. */
  let compared: Pair[] = [];

  const begin = (generation: number): Generation => {
    const noises = Uint32Array.from(
      { length: pairs },
      (_, index) => seed * 1_000_003 + generation * pairs + index,
    );
    const rollouts = new Map<ObjectRef<Episode>, Rollout>();
    for (const [index, noise] of noises.entries()) {
      for (const sign of [1, -1] as const) {
        rollouts.set(esRollout.remote(env, layers, theta, noise, sigma, sign, noise), { index, sign });
      }
    }
    return { noises, rollouts };
  };

  /** Takes scores until there are enough pairs, and steps by them. */
  const finish = async ({ noises, rollouts }: Generation, rate: number) => {
    const needed = Math.ceil(quorum * noises.length);
    const scores = Array.from(noises, () => ({ plus: Number.NaN, minus: Number.NaN }));
    const isComplete = ({ plus, minus }: Pair) => !Number.isNaN(plus) && !Number.isNaN(minus);
    let pending = [...rollouts.keys()];
    while (scores.filter(isComplete).length < needed) {
      const waited = await wray.wait(pending, { numReturns: 1 });
      pending = waited.pending;
      for (const ref of waited.ready) {
        const { index, sign } = rollouts.get(ref)!;
        const episode = await wray.get(ref);
        scores[index]![sign === 1 ? "plus" : "minus"] = episode.score;
        episodes++;
        steps += episode.steps;
      }
    }
    for (const ref of pending) wray.cancel(ref);
    const complete = [...scores.keys()].filter((index) => isComplete(scores[index]!));
    compared = [...compared, ...complete.map((index) => scores[index]!)].slice(-memory);
    // The first steps are no longer than others, though there are few scores yet.
    const part = compared.length / memory;
    const weights =
      algorithm === "search"
        ? searchWeights(compared, rate * part, Math.ceil(top * part))
        : strategyWeights(compared, rate * part);
    theta = ascend.remote(
      theta,
      Uint32Array.from(complete, (index) => noises[index]!),
      weights.slice(-complete.length),
    );
  };

  const secondsSoFar = () => (performance.now() - startMs) / 1_000;
  const trials: Trial[] = [];
  let best: { trial: Trial; theta: Float64Array } | undefined;
  const tryOut = async (generation: number, theta: ObjectRef<Float64Array>) => {
    const before = { generation, seconds: secondsSoFar(), episodes, steps };
    const trial = { ...before, ...(await evaluate(wray, { env, hidden, theta }, tryEpisodes)) };
    trials.push(trial);
    const isBest = best === undefined || worth(trial) > worth(best.trial);
    if (isBest) best = { trial, theta: await wray.get(theta) };
    options.onTrial?.(trial, isBest ? best!.theta : undefined);
  };

  const underWay: Generation[] = [];
  let begun = 0;
  let trying = Promise.resolve();
  for (let generation = 0; generation < generations; generation++) {
    while (underWay.length < overlap && begun < generations) underWay.push(begin(begun++));
    if (generation % tryEvery === 0) {
      await trying;
      trying = tryOut(generation, theta);
      // That it failed is told where it is awaited.
      trying.catch(() => {});
    }
    await finish(underWay.shift()!, rate * (1 - (0.9 * generation) / generations));
    if (trials.some(({ score }) => score >= enough)) break;
  }
  for (const { rollouts } of underWay) for (const ref of rollouts.keys()) wray.cancel(ref);
  await trying;
  if (!trials.some(({ score }) => score >= enough)) await tryOut(generations, theta);
  const policy = { env, hidden: [...hidden], theta: [...best!.theta] };
  return { policy, best: best!.trial, trials, seconds: secondsSoFar(), last: await wray.get(theta) };
}

/** What a policy does in so many episodes, which are the same each time: means. */
export async function evaluate(
  wray: Client,
  policy: { env: string; hidden: readonly number[]; theta: Float64Array | ObjectRef<Float64Array> },
  episodes: number,
): Promise<Pick<Trial, "score" | "distance" | "ended">> {
  const rollout = await wray.remote("gym/rollout");
  const layers = Int32Array.from(policy.hidden);
  const refs = Array.from({ length: episodes }, (_, episode) =>
    rollout.remote(policy.env, layers, policy.theta, firstTrialSeed + episode),
  );
  const all: Episode[] = await wray.get(refs);
  const mean = (of: (episode: Episode) => number) =>
    all.reduce((sum, episode) => sum + of(episode), 0) / episodes;
  return {
    score: mean(({ score }) => score),
    distance: mean(({ distance }) => distance),
    ended: mean(({ ended }) => Number(ended)),
  };
}
