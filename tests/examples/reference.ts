import { type Digits, pixelCount, rowBytes } from "../../examples/digits/data.ts";

/** The training of `examples/digits` in the plainest way: one thread, one row after the other, no kernels. */
export function trainReference(
  { shards, heldOut }: Digits,
  { iterations = 200, learningRate = 0.5, momentum = 0.9 },
): { weights: Float64Array; losses: number[]; correctCount: number } {
  const rows = shards.flatMap(toRows);
  const weights = zeros();
  const velocity = zeros();
  const losses: number[] = [];
  for (let iteration = 0; iteration < iterations; iteration++) {
    const gradient = zeros();
    let loss = 0;
    for (const { label, pixels } of rows) {
      const probabilities = softmax(scores(weights, pixels));
      loss -= Math.log(probabilities[label]!);
      for (const digit of tenDigits) {
        const error = probabilities[digit]! - (digit === label ? 1 : 0);
        pixels.forEach((ink, pixel) => {
          gradient[digit]![pixel]! += error * ink;
        });
      }
    }
    losses.push(loss / rows.length);
    for (const digit of tenDigits) {
      for (let pixel = 0; pixel <= pixelCount; pixel++) {
        const mean = gradient[digit]![pixel]! / rows.length;
        velocity[digit]![pixel] = momentum * velocity[digit]![pixel]! - learningRate * mean;
        weights[digit]![pixel]! += velocity[digit]![pixel]!;
      }
    }
  }
  const correctCount = toRows(heldOut).filter(({ label, pixels }) => {
    const row = scores(weights, pixels);
    return row.indexOf(Math.max(...row)) === label;
  }).length;
  return { weights: flatten(weights), losses, correctCount };
}

const tenDigits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/** For each digit the weights of the pixels, then the bias, which is the weight of a pixel that is always 1. */
const zeros = () => tenDigits.map(() => new Array<number>(pixelCount + 1).fill(0));

const toRows = (shard: Uint8Array) =>
  Array.from({ length: shard.length / rowBytes }, (_, row) => {
    const [label, ...inks] = shard.subarray(row * rowBytes, (row + 1) * rowBytes);
    return { label: label!, pixels: [...inks.map((ink) => ink / 255), 1] };
  });

const scores = (weights: number[][], pixels: number[]) =>
  weights.map((row) => row.reduce((sum, weight, pixel) => sum + weight * pixels[pixel]!, 0));

function softmax(row: number[]): number[] {
  const powers = row.map((score) => Math.exp(score - Math.max(...row)));
  const total = powers.reduce((sum, power) => sum + power);
  return powers.map((power) => power / total);
}

/** In the order of the kernel: pixel by pixel, the ten weights of each side by side. */
const flatten = (weights: number[][]) =>
  Float64Array.from({ length: weights.flat().length }, (_, i) => weights[i % 10]![Math.floor(i / 10)]!);
