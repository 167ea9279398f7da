import type { Client } from "wray";
import { type Digits, pixelCount } from "../digits/data.ts";

export type TrainOptions = {
  /** The compiled `examples/digits/kernels/logistic.ts`. */
  module?: string;
  /** How many gradients are on their way at once. */
  workers?: number;
  /** How often each shard is gone over. */
  epochs?: number;
  learningRate?: number;
};

export type Training = {
  /** The 784 × 10 weights, those of one pixel side by side, then the 10 biases. */
  weights: Float64Array;
  /** How many gradients were applied. */
  stepCount: number;
  /** How many of the held-out images the weights read correctly. */
  correctCount: number;
};

const parameterCount = (pixelCount + 1) * 10;

/**
 * Trains a logistic regression by stochastic gradient descent, asynchronously: each worker takes the parameters as they
 * are, works out the gradient of the next shard, and has it applied, whatever the others have done meanwhile. Parameters and
 * gradients go from host to host; this program sees no more of them than refs.
 */
export async function train(wray: Client, digits: Digits, options: TrainOptions = {}): Promise<Training> {
  const { module = "build/logistic.wasm", workers = 4, epochs = 5, learningRate = 0.5 } = options;
  const logistic = await wray.load<"logistic">(module);
  const slope = logistic.kernel("slope");
  const ParameterServer = await wray.actor("actors/ParameterServer");
  const server = ParameterServer.remote(new Float64Array(parameterCount));

  const shards = digits.shards.map((shard) => wray.put(shard));
  let begunCount = 0;
  const work = async () => {
    while (begunCount < epochs * shards.length) {
      const shard = shards[begunCount++ % shards.length]!;
      const gradient = slope.remote(server.get.remote(), shard);
      // An actor has its calls in the order in which they are submitted, so one that waits for its argument would hold back
      // the gradients that others have ready.
      await wray.wait([gradient]);
      await wray.get(server.apply.remote(gradient, learningRate));
    }
  };
  await Promise.all(Array.from({ length: workers }, work));

  const [weights, stepCount] = await wray.get([server.get.remote(), server.steps.remote()]);
  // The kernel wants velocities behind them.
  const state = new Float64Array(2 * parameterCount);
  state.set(weights);
  const accuracy = logistic.kernel("accuracy");
  const correctCount = await wray.get(accuracy.remote(state, wray.put(digits.heldOut)));
  return { weights, stepCount, correctCount };
}
