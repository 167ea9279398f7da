import type { Client, ObjectRef } from "wray";
import { type Digits, pixelCount } from "./data.ts";

export type NetworkOptions = {
  /** The compiled `kernels/batches.ts`. */
  module?: string;
  /** How often it goes over all images. */
  epochs?: number;
  rate?: number;
  /** By which variant of its kernels it learns: "gpu", "simd", "wasm". Default: whichever costs least. */
  variant?: string;
  /** Called once a batch, counted from 1, has been learnt from. */
  onBatch?: (count: number) => void;
};

export type Network = {
  /** 784 inputs, a hidden layer, 10 outputs: for each layer its weights, then its biases. */
  weights: ObjectRef<Float32Array>;
  sizes: number[];
};

/** Of the hidden layer. */
const hidden = 64;
/** Only so many batches are on their way, so that the program sees how it goes. */
const aheadCount = 8;

/**
 * Trains a network with a hidden layer: tasks on cpus make batches of the shards, one after the other learns from each, by the
 * kernels of the module `tensor`. Where these run on a GPU, weights and batches stay there.
 */
export async function trainNetwork(
  wray: Client,
  digits: Digits,
  options: NetworkOptions = {},
): Promise<Network> {
  const { module = "build/batches.wasm", epochs = 2, rate = 0.3, variant } = options;
  const batches = await wray.load<"batches">(module);
  const learn = (await wray.remote("tensor/mlpBackward")).options(variant === undefined ? {} : { variant });
  const shards = digits.shards.map((shard) => {
    const ref = wray.put(shard);
    return { x: batches.kernel("pixels").remote(ref), labels: batches.kernel("labels").remote(ref) };
  });
  const sizes = [pixelCount, hidden, 10];
  let weights: ObjectRef<Float32Array> = wray.put(firstWeights(sizes));
  let count = 0;
  const ahead: ObjectRef[] = [];
  const learnt = async () => {
    await wray.wait([ahead.shift()!]);
    options.onBatch?.(++count);
  };
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const { x, labels } of shards) {
      weights = learn.remote(x, labels, weights, sizes, rate);
      ahead.push(weights);
      if (ahead.length > aheadCount) await learnt();
    }
  }
  while (ahead.length > 0) await learnt();
  return { weights, sizes };
}

export type Reading = {
  /** For each held-out image the digit that the network takes it for. */
  predictions: Uint32Array;
  correctCount: number;
};

/** What a network takes the held-out images for, by one variant of its kernels. */
export async function readDigits(
  wray: Client,
  { weights, sizes }: Network,
  heldOut: Uint8Array,
  { module = "build/batches.wasm", variant }: Pick<NetworkOptions, "module" | "variant"> = {},
): Promise<Reading> {
  const batches = await wray.load<"batches">(module);
  const forward = (await wray.remote("tensor/mlpForward")).options(variant === undefined ? {} : { variant });
  const shard = wray.put(heldOut);
  const outputs = forward.remote(batches.kernel("pixels").remote(shard), weights, sizes);
  const predicted = batches.kernel("predictions").remote(outputs);
  const correct = batches.kernel("countEqual").remote(predicted, batches.kernel("labels").remote(shard));
  const [predictions, correctCount] = await wray.get([predicted, correct]);
  return { predictions, correctCount };
}

/** Uniform, so that what goes through a layer is neither more nor less (He et al., 2015); the same each time. */
export function firstWeights(sizes: readonly number[], seed = 2015): Float32Array {
  const random = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  const layers = sizes.slice(1).flatMap((outputs, index) => {
    const inputs = sizes[index]!;
    const most = Math.sqrt(6 / inputs);
    const weights = Array.from({ length: inputs * outputs }, () => (2 * random() - 1) * most);
    return [...weights, ...new Array<number>(outputs).fill(0)];
  });
  return Float32Array.from(layers);
}
