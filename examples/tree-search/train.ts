import type { Client, ObjectRef } from "wray";
import { firstWeights } from "../digits/network.ts";

export type TrainOptions = {
  /** The compiled `kernels/search.ts`. */
  module?: string;
  /** What all random numbers follow from. */
  seed?: number;
  /** How many batches of games there are to learn from, how many games each has, and what a move is searched by. */
  batches?: number;
  games?: number;
  simulations?: number;
  /** How often it learns from each batch. */
  epochs?: number;
  rate?: number;
  /** By which variant of the kernels of tensors it learns. Those of GPUs round otherwise, and so would learn another network. */
  variant?: string;
};

export type Network = {
  weights: ObjectRef<Float32Array>;
  sizes: number[];
  /** Which part of positions of games that it has not seen it tells the outcome of. */
  accuracy: number;
};

/** Two inputs for each of 42 cells, a hidden layer, and how likely a loss, a draw and a win are. */
const networkSizes = [84, 48, 3];

/**
 * Teaches a network what positions are worth, by games that a search by playouts plays with itself: each task plays some of
 * them, and the network learns from one after the other by the kernels of the module `tensor`.
 */
export async function train(wray: Client, options: TrainOptions = {}): Promise<Network> {
  const { module = "build/search.wasm", seed = 1, batches = 96, games = 24, simulations = 100 } = options;
  const { epochs = 12, rate = 0.1, variant = "simd" } = options;
  const search = await wray.load<"search">(module);
  const learn = (await wray.remote("tensor/mlpBackward")).options({ variant });
  const forward = (await wray.remote("tensor/mlpForward")).options({ variant });
  const sizes = networkSizes;
  const play = (index: number) => {
    const experience = search.kernel("selfPlay").remote(games, simulations, seed * 1_000_003 + index);
    return {
      x: search.kernel("features").remote(experience),
      outcomes: search.kernel("outcomes").remote(experience),
    };
  };
  const all = Array.from({ length: batches }, (_, index) => play(index));
  let weights: ObjectRef<Float32Array> = wray.put(firstWeights(sizes, seed));
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const { x, outcomes } of all)
      weights = learn.remote(x, outcomes, weights, sizes, rate * (1 - epoch / epochs));
  }
  const unseen = play(batches);
  const outputs = forward.remote(unseen.x, weights, sizes);
  const [correct, { length }] = await wray.get([
    search.kernel("correct").remote(outputs, unseen.outcomes),
    unseen.outcomes,
  ]);
  return { weights, sizes, accuracy: correct / length };
}
