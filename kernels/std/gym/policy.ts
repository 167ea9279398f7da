import { Env } from "./env";
import { Random } from "./random";

/**
 * What to do for an observation: layers of tanh, of which there may be none, and a last one without. Parameters are
 * those of one layer after the other: for each of its outputs the weights of all inputs, then its bias.
 */
@final
export class Policy {
  private readonly layers: StaticArray<f64>[] = [];
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
    this.parameters = new StaticArray<f64>(count);
    for (let i = 0; i < count; i++) this.parameters[i] = theta[i];
    this.layers.push(env.observation);
    for (let i = 0; i < hidden.length; i++) this.layers.push(new StaticArray<f64>(hidden[i]));
    this.layers.push(env.action);
  }

  /** Adds noise times `scale`: that which follows from the seed. */
  perturb(seed: u32, scale: f64): void {
    const random = new Random(seed);
    const parameters = this.parameters;
    for (let i = 0; i < parameters.length; i++) parameters[i] += scale * random.normal();
  }

  /** Decides on the action of the environment by its observation. */
  act(): void {
    const parameters = this.parameters;
    let next = 0;
    const last = this.layers.length - 1;
    for (let layer = 0; layer < last; layer++) {
      const inputs = unchecked(this.layers[layer]);
      const outputs = unchecked(this.layers[layer + 1]);
      const inputCount = inputs.length;
      for (let output = 0, count = outputs.length; output < count; output++) {
        let sum: f64 = 0;
        for (let input = 0; input < inputCount; input++) {
          sum += unchecked(parameters[next++]) * unchecked(inputs[input]);
        }
        sum += unchecked(parameters[next++]);
        unchecked((outputs[output] = layer < last - 1 ? Math.tanh(sum) : sum));
      }
    }
  }
}

/** How many parameters a policy has. */
export function parameterCount(env: Env, hidden: Int32Array): i32 {
  let count = 0;
  let inputs = env.observation.length;
  for (let i = 0; i < hidden.length; i++) {
    const outputs = hidden[i];
    if (outputs < 1 || outputs > 1024)
      throw new RangeError(`a hidden layer has 1 to 1024 numbers, not ${outputs}`);
    count += (inputs + 1) * outputs;
    inputs = outputs;
  }
  return count + (inputs + 1) * env.action.length;
}
