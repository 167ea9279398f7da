/**
 * Environments to learn in, and episodes in them as one task each: `acrobot`, `cart-pole` and `pendulum` with the
 * published equations of the classics, and `hopper` and `walker`, which are bodies, joints and motors.
 *
 * A policy is a network: `hidden` has the size of each of its hidden layers, none for a linear one, and `theta` its
 * parameters. The same arguments give the same result to the last bit, on every machine.
 */
import { Episode, play } from "./gym/episode";
import { makeEnv } from "./gym/make-env";
import { Policy, parameterCount } from "./gym/policy";
import { Random } from "./gym/random";

export { Environment } from "./gym/environment";

/** What an environment is like. */
class Spec {
  constructor(
    /** How many parts it is of that are alike, such as legs: each has a row of the observation, and one of the action. */
    public rows: i32,
    /** How many numbers a row has. */
    public observations: i32,
    public actions: i32,
    /** After how many steps an episode is broken off. */
    public maxSteps: i32,
    public stepSeconds: f64,
    /** Half the width and half the height of each box that is drawn, in metres. */
    public sizes: Float64Array,
  ) {}
}

/** An episode to look at: of each frame and box x, y and angle, in metres and radians. */
class Film {
  constructor(
    public episode: Episode,
    public poses: Float64Array,
  ) {}
}

export function describe(env: string): Spec {
  const made = makeEnv(env);
  return new Spec(made.rows, made.observations, made.actions, made.maxSteps, made.stepSeconds, made.sizes());
}

/** How many parameters a policy has. */
export function parameters(env: string, hidden: Int32Array): i32 {
  return parameterCount(makeEnv(env), hidden);
}

/** An episode of a policy, which begins as `seed` says; of at most `steps`, or as many as the environment says. */
export function rollout(
  env: string,
  hidden: Int32Array,
  theta: Float64Array,
  seed: u32,
  steps: i32 = 0,
): Episode {
  const made = makeEnv(env);
  return play(made, new Policy(made, hidden, theta), seed, steps);
}

/**
 * The same with `sign` times `sigma` times noise added to the parameters. The noise follows from its seed, so a program
 * that compares many perturbations sends and gets no more than numbers.
 */
export function esRollout(
  env: string,
  hidden: Int32Array,
  theta: Float64Array,
  noise: u32,
  sigma: f64,
  sign: i32,
  seed: u32,
  steps: i32 = 0,
): Episode {
  const made = makeEnv(env);
  const policy = new Policy(made, hidden, theta);
  policy.perturb(noise, sigma * sign);
  return play(made, policy, seed, steps);
}

/** The parameters with noises added, each times its weight, from the first to the last: a step of learning. */
export function ascend(theta: Float64Array, noises: Uint32Array, weights: Float64Array): Float64Array {
  if (noises.length != weights.length)
    throw new RangeError(`there are ${noises.length} noises and ${weights.length} weights`);
  const length = theta.length;
  const sum = new Float64Array(length);
  for (let i = 0; i < noises.length; i++) {
    const random = new Random(noises[i]);
    const weight = weights[i];
    for (let j = 0; j < length; j++) sum[j] += weight * random.normal();
  }
  for (let j = 0; j < length; j++) sum[j] += theta[j];
  return sum;
}

/** An episode as `rollout` has it, with the pose before its first step and after every `every` steps. */
export function film(
  env: string,
  hidden: Int32Array,
  theta: Float64Array,
  seed: u32,
  steps: i32 = 0,
  every: i32 = 1,
): Film {
  if (every < 1) throw new RangeError(`a frame is taken every 1 step or more, not every ${every}`);
  const made = makeEnv(env);
  const policy = new Policy(made, hidden, theta);
  const limit = steps > 0 ? steps : made.maxSteps;
  made.reset(new Random(seed));
  const first = made.pose();
  const poses = new Float64Array(first.length * (1 + limit / every));
  poses.set(first);
  let frames = 1;
  let score: f64 = 0;
  let step = 0;
  while (step < limit && !made.ended) {
    policy.act();
    score += made.step();
    step++;
    if (step % every == 0) poses.set(made.pose(), first.length * frames++);
  }
  const episode = new Episode(score, step, made.ended, made.distance());
  return new Film(episode, poses.slice(0, first.length * frames));
}

/**
 * What comes of actions, one a step, from a state: for each the state after it, the reward, and 1 if the episode has
 * come to an end, at which it goes on.
 */
export function simulate(env: string, state: Float64Array, actions: Float64Array): Float64Array {
  const made = makeEnv(env);
  const size = made.action.length;
  if (actions.length % size != 0)
    throw new RangeError(`actions have ${size} numbers each, and ${actions.length} were given`);
  made.restore(state);
  const width = state.length + 2;
  const rows = new Float64Array(width * (actions.length / size));
  for (let step = 0; step * size < actions.length; step++) {
    for (let i = 0; i < size; i++) made.action[i] = actions[step * size + i];
    const reward = made.step();
    rows.set(made.state(), step * width);
    rows[step * width + width - 2] = reward;
    rows[step * width + width - 1] = made.ended ? 1 : 0;
  }
  return rows;
}
