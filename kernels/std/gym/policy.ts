import { Env } from "./env";
import { Random } from "./random";

/**
 * What to do for an observation: layers of tanh, of which there may be none, and a last one without. Parameters are
 * those of one layer after the other: for each of its outputs the weights of all inputs, then its bias. The same
 * parameters decide for each row of an observation.
 */
@final
export class Policy {
  /** The numbers of the hidden layers. */
  private readonly hidden: StaticArray<f64>[] = [];
  private readonly parameters: StaticArray<f64>;

  /** For an environment, with so many numbers in each hidden layer. */
  constructor(
    private readonly env: Env,
    hidden: Int32Array,
    theta: Float64Array,
  ) {
    const count = parameterCount(env, hidden);
    if (theta.length != count)
      throw new RangeError(`this policy has ${count} parameters, and ${theta.length} were given`);
    const parameters = new StaticArray<f64>(count);
    for (let i = 0; i < count; i++) parameters[i] = theta[i];
    this.parameters = parameters;
    for (let i = 0; i < hidden.length; i++) this.hidden.push(new StaticArray<f64>(hidden[i]));
  }

  /** Adds noise times `scale`: that which follows from the seed. */
  perturb(seed: u32, scale: f64): void {
    const random = new Random(seed);
    const parameters = this.parameters;
    for (let i = 0; i < parameters.length; i++) parameters[i] += scale * random.normal();
  }

  /** Decides on the action of the environment by its observation. */
  act(): void {
    const env = this.env;
    const hidden = this.hidden;
    for (let row = 0; row < env.rows; row++) {
      let inputs = env.observation;
      let first = row * env.observations;
      let inputCount = env.observations;
      let next = 0;
      for (let layer = 0, count = hidden.length; layer < count; layer++) {
        const outputs = unchecked(hidden[layer]);
        next = this.feed(inputs, first, inputCount, outputs, 0, outputs.length, next);
        for (let i = 0; i < outputs.length; i++) unchecked((outputs[i] = Math.tanh(outputs[i])));
        inputs = outputs;
        first = 0;
        inputCount = outputs.length;
      }
      this.feed(inputs, first, inputCount, env.action, row * env.actions, env.actions, next);
    }
  }

  /** Works one layer out, by the parameters from `next`, and returns where those of the one after it are. */
  private feed(
    inputs: StaticArray<f64>,
    first: i32,
    inputCount: i32,
    outputs: StaticArray<f64>,
    firstOutput: i32,
    outputCount: i32,
    next: i32,
  ): i32 {
    const parameters = this.parameters;
    for (let output = firstOutput; output < firstOutput + outputCount; output++) {
      let sum: f64 = 0;
      for (let input = first; input < first + inputCount; input++) {
        sum += unchecked(parameters[next++]) * unchecked(inputs[input]);
      }
      unchecked((outputs[output] = sum + parameters[next++]));
    }
    return next;
  }
}

/** How many parameters a policy has. */
export function parameterCount(env: Env, hidden: Int32Array): i32 {
  let count = 0;
  let inputs = env.observations;
  for (let i = 0; i < hidden.length; i++) {
    const outputs = hidden[i];
    if (outputs < 1 || outputs > 1024)
      throw new RangeError(`a hidden layer has 1 to 1024 numbers, not ${outputs}`);
    count += (inputs + 1) * outputs;
    inputs = outputs;
  }
  return count + (inputs + 1) * env.actions;
}
