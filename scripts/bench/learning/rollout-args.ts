import { loadPolicy } from "../../../examples/learn-to-run/policy.ts";

/** Of `gym/esRollout`: an episode of the walker that runs for all of its time, a little perturbed. */
export type RolloutArgs = [
  env: string,
  hidden: Int32Array,
  theta: Float64Array,
  noise: number,
  sigma: number,
  sign: number,
  seed: number,
];

export async function rolloutArgs(): Promise<RolloutArgs> {
  const { env, hidden, theta } = await loadPolicy("examples/learn-to-run/walker.policy.json");
  return [env, Int32Array.from(hidden), Float64Array.from(theta), 1, 0.001, 1, 1];
}
