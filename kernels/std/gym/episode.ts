import { Env } from "./env";
import { Policy } from "./policy";
import { Random } from "./random";

/** What came of an episode. */
export class Episode {
  constructor(
    /** The sum of the rewards. */
    public score: f64,
    public steps: i32,
    /** Whether it came to an end by itself; else it was broken off. */
    public ended: bool,
    /** How far forward it went, in metres. */
    public distance: f64,
  ) {}
}

/** One episode; of the number of steps that the environment says when `steps` is 0. */
export function play(env: Env, policy: Policy, seed: u32, steps: i32): Episode {
  const limit = steps > 0 ? steps : env.maxSteps;
  env.reset(new Random(seed));
  let score: f64 = 0;
  let step = 0;
  while (step < limit && !env.ended) {
    policy.act();
    score += env.step();
    step++;
  }
  return new Episode(score, step, env.ended, env.distance());
}
