/**
 * Proximal policy optimisation (Schulman and others, "Proximal policy optimization algorithms", 2017) on the cart-pole. One
 * network has as outputs a logit for each action and, last, what the state is worth: the sum of discounted rewards
 * times `1 - gamma`, which is a mean reward, so that both are of a size.
 */
import { allReduce, size } from "wray/kernels/sdk";
import { CartPole } from "../../../kernels/std/gym/cart-pole";
import { Random } from "../../../kernels/std/gym/random";
import { mlpForwardSimd } from "../../../kernels/std/tensor/mlp";

const OBSERVATIONS: i32 = 4;
/** Left and right. */
const ACTIONS: i32 = 2;
const OUTPUTS: i32 = ACTIONS + 1;

/** What was seen and done, step by step. */
class Rollout {
  constructor(
    public observations: Float32Array,
    public actions: Uint8Array,
    public logProbs: Float32Array,
    public rewards: Float32Array,
    /** What the network took the states for, and those that came of each step; 0 for the end of an episode. */
    public values: Float32Array,
    public nextValues: Float32Array,
    /** 1 after the last step of an episode: its end, the environment's last step, or that of the rollout. */
    public stops: Uint8Array,
  ) {}
}

/** What is learned from some steps. */
class Targets {
  constructor(
    public actions: Uint8Array,
    public logProbs: Float32Array,
    /** By how much an action was better than others, with a mean of 0 and a deviation of 1. */
    public advantages: Float32Array,
    /** What the states turned out to be worth. */
    public values: Float32Array,
  ) {}
}

/** So many steps, of as many episodes as they are, with actions drawn as the policy says. */
export function rollout(weights: Float32Array, sizes: Array<i32>, seed: u32, steps: i32): Rollout {
  const env = new CartPole();
  const random = new Random(seed);
  const made = new Rollout(
    new Float32Array(steps * OBSERVATIONS),
    new Uint8Array(steps),
    new Float32Array(steps),
    new Float32Array(steps),
    new Float32Array(steps),
    new Float32Array(steps),
    new Uint8Array(steps),
  );
  env.reset(random);
  let age = 0;
  for (let step = 0; step < steps; step++) {
    const x = observe(env);
    const outputs = mlpForwardSimd(x, weights, sizes);
    const logRight = logProb(outputs, 0, 1);
    const action: u8 = random.next() < Math.exp(logRight) ? 1 : 0;
    const value = outputs[ACTIONS];
    made.observations.set(x, step * OBSERVATIONS);
    made.actions[step] = action;
    made.logProbs[step] = <f32>(action == 1 ? logRight : logProb(outputs, 0, 0));
    made.values[step] = value;
    if (age > 0) made.nextValues[step - 1] = value;
    env.action[0] = action == 1 ? 1 : -1;
    made.rewards[step] = <f32>env.step();
    age++;
    if (!env.ended && age < env.maxSteps && step < steps - 1) continue;
    made.stops[step] = 1;
    if (!env.ended) made.nextValues[step] = mlpForwardSimd(observe(env), weights, sizes)[ACTIONS];
    env.reset(random);
    age = 0;
  }
  return made;
}

/** How long an episode was in the mean, but for the last one, which is broken off. */
export function meanSteps(rollout: Rollout): f64 {
  let episodes = 0;
  let counted = 0;
  for (let step = 0; step < rollout.stops.length - 1; step++) {
    if (rollout.stops[step] == 0) continue;
    episodes++;
    counted = step + 1;
  }
  return episodes == 0 ? rollout.stops.length : <f64>counted / episodes;
}

/** The observations of each of so many `parts` of a rollout: of steps that are not next to each other. */
export function observations(rollout: Rollout, part: i32, parts: i32): Float32Array {
  const count = countOf(rollout, part, parts);
  const x = new Float32Array(count * OBSERVATIONS);
  for (let i = 0; i < count; i++) {
    const from = (part + i * parts) * OBSERVATIONS;
    x.set(rollout.observations.subarray(from, from + OBSERVATIONS), i * OBSERVATIONS);
  }
  return x;
}

/** What is learned from these steps, by generalised advantage estimation (Schulman and others, 2016). */
export function targets(rollout: Rollout, part: i32, parts: i32, gamma: f64, lambda: f64): Targets {
  const count = countOf(rollout, part, parts);
  const made = new Targets(
    new Uint8Array(count),
    new Float32Array(count),
    new Float32Array(count),
    new Float32Array(count),
  );
  let advantage: f64 = 0;
  for (let step = rollout.stops.length - 1; step >= 0; step--) {
    if (rollout.stops[step] == 1) advantage = 0;
    const value = <f64>rollout.values[step];
    const reward = (1 - gamma) * <f64>rollout.rewards[step];
    advantage = reward + gamma * <f64>rollout.nextValues[step] - value + gamma * lambda * advantage;
    if (step % parts != part) continue;
    const at = step / parts;
    made.actions[at] = rollout.actions[step];
    made.logProbs[at] = rollout.logProbs[step];
    made.advantages[at] = <f32>advantage;
    made.values[at] = <f32>(value + advantage);
  }
  standardize(made.advantages);
  return made;
}

/**
 * How the loss changes with the outputs of the network: minus the clipped objective, minus `entropy` times the entropy of the
 * policy, plus half the squared error of values, in the mean.
 */
export function lossGradient(outputs: Float32Array, targets: Targets, clip: f64, entropy: f64): Float32Array {
  const count = targets.actions.length;
  const gradient = new Float32Array(count * OUTPUTS);
  for (let i = 0; i < count; i++) {
    const row = i * OUTPUTS;
    const action = targets.actions[i];
    const advantage = <f64>targets.advantages[i];
    const ratio = Math.exp(logProb(outputs, row, action) - <f64>targets.logProbs[i]);
    const isClipped = advantage > 0 ? ratio > 1 + clip : ratio < 1 - clip;
    const push = isClipped ? 0 : ratio * advantage;
    let disorder: f64 = 0;
    for (let j = 0; j < ACTIONS; j++) {
      const log = logProb(outputs, row, j);
      disorder -= Math.exp(log) * log;
    }
    for (let j = 0; j < ACTIONS; j++) {
      const log = logProb(outputs, row, j);
      const p = Math.exp(log);
      const slope = push * (p - (j == action ? 1.0 : 0.0)) + entropy * p * (log + disorder);
      gradient[row + j] = <f32>(slope / count);
    }
    gradient[row + ACTIONS] = (outputs[row + ACTIONS] - targets.values[i]) / <f32>count;
  }
  return gradient;
}

/** An episode in which the likelier action is done: how many steps it has. */
export function episode(weights: Float32Array, sizes: Array<i32>, seed: u32): i32 {
  const env = new CartPole();
  env.reset(new Random(seed));
  let steps = 0;
  while (!env.ended && steps < env.maxSteps) {
    const outputs = mlpForwardSimd(observe(env), weights, sizes);
    env.action[0] = outputs[1] > outputs[0] ? 1 : -1;
    env.step();
    steps++;
  }
  return steps;
}

/** One of several that learn together: all have the same weights, to the last bit, and step by the mean of their gradients. */
@actor
export class Learner {
  private steps: i32 = 0;
  private means: Float32Array;
  private squares: Float32Array;

  constructor(private weights: Float32Array) {
    this.means = new Float32Array(weights.length);
    this.squares = new Float32Array(weights.length);
  }

  /**
   * A step of Adam (Kingma and Ba, 2015), by a gradient that is no longer than `longest`. Called as a gang.
   * @returns the weights
   */
  step(gradient: Float32Array, rate: f64, longest: f64): Float32Array {
    allReduce(gradient, "sum");
    let squared: f64 = 0;
    for (let i = 0; i < gradient.length; i++) squared += <f64>gradient[i] * <f64>gradient[i];
    const length = Math.sqrt(squared) / size();
    const scale = min<f64>(1, longest / length) / size();
    this.steps++;
    const meanPart = 1 - 0.9 ** this.steps;
    const squarePart = 1 - 0.999 ** this.steps;
    for (let i = 0; i < gradient.length; i++) {
      const slope = scale * <f64>gradient[i];
      const mean = 0.9 * this.means[i] + 0.1 * slope;
      const square = 0.999 * this.squares[i] + 0.001 * slope * slope;
      this.means[i] = <f32>mean;
      this.squares[i] = <f32>square;
      this.weights[i] -= <f32>((rate * (mean / meanPart)) / (Math.sqrt(square / squarePart) + 1e-8));
    }
    return this.weights;
  }
}

function observe(env: CartPole): Float32Array {
  const x = new Float32Array(OBSERVATIONS);
  for (let i = 0; i < OBSERVATIONS; i++) x[i] = <f32>env.observation[i];
  return x;
}

/** The logarithm of how likely an action is, by the outputs from `row`. */
function logProb(outputs: Float32Array, row: i32, action: i32): f64 {
  let top: f64 = -Infinity;
  for (let j = 0; j < ACTIONS; j++) top = max<f64>(top, outputs[row + j]);
  let total: f64 = 0;
  for (let j = 0; j < ACTIONS; j++) total += Math.exp(<f64>outputs[row + j] - top);
  return <f64>outputs[row + action] - top - Math.log(total);
}

/** How many steps of a rollout are of a part. */
function countOf(rollout: Rollout, part: i32, parts: i32): i32 {
  return (rollout.stops.length - part + parts - 1) / parts;
}

function standardize(values: Float32Array): void {
  let sum: f64 = 0;
  let squares: f64 = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i];
    squares += <f64>values[i] * <f64>values[i];
  }
  const mean = sum / values.length;
  const deviation = Math.sqrt(max<f64>(0, squares / values.length - mean * mean)) + 1e-8;
  for (let i = 0; i < values.length; i++) values[i] = <f32>((values[i] - mean) / deviation);
}
