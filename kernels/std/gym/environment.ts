import { Env, numbers } from "./env";
import { makeEnv } from "./make-env";
import { Random } from "./random";

/** What came of a step. */
export class Step {
  constructor(
    public observation: Float64Array,
    public reward: f64,
    /** Whether the episode came to an end by what has happened. */
    public ended: bool,
    /** Whether it is broken off, since it has had all of its steps. */
    public truncated: bool,
  ) {}
}

/** An environment that is stepped from outside. */
@actor
export class Environment {
  private env: Env;
  private steps: i32 = 0;

  /** @param name such as `walker` */
  constructor(name: string, seed: u32 = 0) {
    this.env = makeEnv(name);
    this.reset(seed);
  }

  /** Begins an episode, and returns what is observed. */
  reset(seed: u32 = 0): Float64Array {
    this.env.reset(new Random(seed));
    this.steps = 0;
    return this.observe();
  }

  step(action: Float64Array): Step {
    const env = this.env;
    const count = env.action.length;
    if (action.length != count)
      throw new RangeError(`an action has ${count} numbers here, not ${action.length}`);
    if (env.ended) throw new Error("the episode has ended: reset begins the next");
    for (let i = 0; i < count; i++) env.action[i] = action[i];
    const reward = env.step();
    this.steps++;
    return new Step(this.observe(), reward, env.ended, this.steps >= env.maxSteps);
  }

  @readonly
  observe(): Float64Array {
    return numbers(this.env.observation);
  }

  /** Where the boxes are: x, y and angle of each, in metres and radians. */
  @readonly
  pose(): Float64Array {
    return this.env.pose();
  }
}
