import type { Client, ObjectRef } from "wray";
import { type Digits, pixelCount } from "./data.ts";

export type TrainOptions = {
  /** The compiled `kernels/logistic.ts`. */
  module?: string;
  iterations?: number;
  learningRate?: number;
  momentum?: number;
  /** Called once the loss of an iteration (counted from 1) is known. */
  onIteration?: (iteration: number, loss: number) => void;
};

export type Training = {
  /** The 784 × 10 weights, those of one pixel side by side, then the 10 biases. */
  weights: Float64Array;
  /** The mean loss before each iteration. */
  losses: number[];
  /** How many of the held-out images the weights read correctly. */
  correctCount: number;
};

const parameterCount = (pixelCount + 1) * 10;

/**
 * Trains a logistic regression by gradient descent with momentum, data-parallel over the hosts. The shards are
 * put once and stay where they are used; per iteration only weights and gradients move, from host to host. This
 * program sees no more of them than a ref and the loss.
 */
export async function train(wray: Client, digits: Digits, options: TrainOptions = {}): Promise<Training> {
  const { module = "build/logistic.wasm", iterations = 200, learningRate = 0.5, momentum = 0.9 } = options;
  const logistic = await wray.load<"logistic">(module);
  const gradient = logistic.kernel("gradient");
  const step = logistic.kernel("step");
  const loss = logistic.kernel("loss");
  const accuracy = logistic.kernel("accuracy");
  const add = await wray.remote("vector/add");

  const shards = digits.shards.map((shard) => wray.put(shard));
  let state: ObjectRef<Float64Array> = wray.put(new Float64Array(2 * parameterCount));
  const losses: number[] = [];
  const report = async (ref: ObjectRef<number>) => {
    losses.push(await wray.get(ref));
    options.onIteration?.(losses.length, losses.at(-1)!);
  };

  // The next iteration is submitted before the loss of this one is read, so that no host waits for this program.
  let unread: ObjectRef<number> | undefined;
  for (let iteration = 0; iteration < iterations; iteration++) {
    const gradients = shards.map((shard) => gradient.remote(state, shard));
    const sum = sumAsTree(gradients, (left, right) => add.remote(left, right));
    const meanLoss = loss.remote(sum);
    state = step.remote(state, sum, learningRate, momentum);
    if (unread) await report(unread);
    unread = meanLoss;
  }
  if (unread) await report(unread);

  const correctCount = await wray.get(accuracy.remote(state, wray.put(digits.heldOut)));
  const weights = (await wray.get(state)).slice(0, parameterCount);
  return { weights, losses, correctCount };
}

/** Adds halves of the list, each summed the same way: n terms take log2(n) rounds. */
function sumAsTree<T>(terms: T[], add: (left: T, right: T) => T): T {
  if (terms.length === 1) return terms[0]!;
  const middle = Math.ceil(terms.length / 2);
  return add(sumAsTree(terms.slice(0, middle), add), sumAsTree(terms.slice(middle), add));
}
