/** A policy of `gym` that is asked what to do. */
import { Env, numbers } from "../../../kernels/std/gym/env";
import { makeEnv } from "../../../kernels/std/gym/make-env";
import { Policy } from "../../../kernels/std/gym/policy";

@actor
export class PolicyServer {
  private env: Env;
  private policy: Policy;

  /** For an environment, such as `walker`, with so many numbers in each hidden layer. */
  constructor(env: string, hidden: Int32Array, theta: Float64Array) {
    const made = makeEnv(env);
    this.env = made;
    this.policy = new Policy(made, hidden, theta);
  }

  /** The action for an observation. */
  @readonly
  decide(observation: Float64Array): Float64Array {
    const env = this.env;
    const count = env.observation.length;
    if (observation.length != count)
      throw new RangeError(`an observation has ${count} numbers here, not ${observation.length}`);
    for (let i = 0; i < count; i++) env.observation[i] = observation[i];
    this.policy.act();
    return numbers(env.action);
  }
}
