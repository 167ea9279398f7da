import type { Client } from "wray";
import { type Digits, pixelCount } from "../digits/data.ts";

export type TrainOptions = {
  /** The compiled `examples/digits/kernels/logistic.ts`. */
  module?: string;
  /** How many gradients are on their way at once. */
  workers?: number;
  /** How often each shard is gone over. */
  epochs?: number;
  /** How far it goes down a gradient, or down all of a round together. */
  learningRate?: number;
  /** Whether all workers push a gradient before any gets the next parameters. Default: each goes on by itself. */
  inRounds?: boolean;
  /** Called when so many gradients were applied, or pushed. */
  onGradient?: (count: number) => void;
};

export type Training = {
  /** The 784 × 10 weights, those of one pixel side by side, then the 10 biases. */
  weights: Float64Array;
  /** How many gradients were applied, or the means of how many rounds. */
  stepCount: number;
  /** How many of the held-out images the weights read correctly. */
  correctCount: number;
};

const parameterCount = (pixelCount + 1) * 10;

/**
 * Trains a logistic regression by stochastic gradient descent. Asynchronously, each worker takes the parameters as they
 * are, works out the gradient of the next shard, and has it applied, whatever the others have done meanwhile. In rounds, all
 * work with the same parameters, and what they come to is the same each time. Parameters and gradients go from host to
 * host; this program sees no more of them than refs.
 */
export async function train(wray: Client, digits: Digits, options: TrainOptions = {}): Promise<Training> {
  const { module = "build/logistic.wasm", workers = 4, epochs = 5, learningRate = 0.5 } = options;
  const { inRounds = false, onGradient = () => {} } = options;
  const logistic = await wray.load<"logistic">(module);
  const slope = logistic.kernel("slope");
  const ParameterServer = await wray.actor("actors/ParameterServer");
  // The mean of a round counts as much as its gradients one by one.
  const server = ParameterServer.remote(new Float64Array(parameterCount), workers, learningRate * workers);

  const shards = digits.shards.map((shard) => wray.put(shard));
  const gradientCount = epochs * shards.length;
  let begunCount = 0;
  let endedCount = 0;
  const next = () => shards[begunCount++ % shards.length]!;
  const work = async () => {
    while (begunCount < gradientCount) {
      const gradient = slope.remote(server.get.remote(), next());
      // An actor has its calls in the order in which they are submitted, so one that waits for its argument would hold back
      // the gradients that others have ready.
      await wray.wait([gradient]);
      await wray.get(server.apply.remote(gradient, learningRate));
      onGradient(++endedCount);
    }
  };
  const workInRounds = async () => {
    while (begunCount < gradientCount) {
      const weights = server.get.remote();
      const pushes = Array.from({ length: workers }, (_, worker) =>
        server.push.remote(worker, slope.remote(weights, next())),
      );
      for (const push of pushes) {
        await wray.get(push);
        onGradient(++endedCount);
      }
    }
  };
  await (inRounds ? workInRounds() : Promise.all(Array.from({ length: workers }, work)));

  const [weights, stepCount] = await wray.get([server.get.remote(), server.steps.remote()]);
  // The kernel wants velocities behind them.
  const state = new Float64Array(2 * parameterCount);
  state.set(weights);
  const accuracy = logistic.kernel("accuracy");
  const correctCount = await wray.get(accuracy.remote(state, wray.put(digits.heldOut)));
  return { weights, stepCount, correctCount };
}
