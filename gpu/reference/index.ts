// What the shipped shaders compute, as plain loops in doubles: what each of their variants is held to.
import type { Conv2dSizes } from "../shaders/conv2d.ts";
import { convolvedSize } from "../shaders/conv2d.ts";
import type { HistogramBins } from "../shaders/histogram.ts";
import type { MapOperation } from "../shaders/map.ts";
import type { MatmulSizes } from "../shaders/matmul.ts";
import type { NbodyStep } from "../shaders/nbody.ts";
import type { LayerNorm, RowSizes } from "../shaders/rows.ts";

type Numbers = ArrayLike<number>;

const functions: Record<MapOperation, (x: number) => number> = {
  relu: (x) => Math.max(x, 0),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  abs: Math.abs,
  square: (x) => x * x,
  negate: (x) => -x,
};

export const map = (operation: MapOperation, x: Numbers): Float64Array =>
  Float64Array.from(x, functions[operation]);

export const saxpy = (a: number, x: Numbers, y: Numbers): Float64Array =>
  Float64Array.from(x, (value, i) => a * value + y[i]!);

export const sum = (x: Numbers): number => Array.prototype.reduce.call(x, (a, b) => a + b, 0) as number;

export function argmax(x: Numbers): number {
  let place = 0;
  for (let i = 1; i < x.length; i++) if (x[i]! > x[place]!) place = i;
  return place;
}

/** Of u32, take `>>> 0` of each. */
export function scan(x: Numbers): Float64Array {
  const out = new Float64Array(x.length);
  for (let i = 1; i < x.length; i++) out[i] = out[i - 1]! + x[i - 1]!;
  return out;
}

/** Where each of the sorted keys was; equals stay in their order. */
export const sortedPlaces = (keys: Numbers): Uint32Array =>
  Uint32Array.from(Array.from(keys, (_, i) => i).sort((a, b) => keys[a]! - keys[b]! || a - b));

export function matmul({ m, k, n }: MatmulSizes, a: Numbers, b: Numbers): Float64Array {
  const c = new Float64Array(m * n);
  for (let row = 0; row < m; row++) {
    for (let inner = 0; inner < k; inner++) {
      const factor = a[row * k + inner]!;
      for (let column = 0; column < n; column++) c[row * n + column]! += factor * b[inner * n + column]!;
    }
  }
  return c;
}

export function softmax({ rows, columns }: RowSizes, x: Numbers): Float64Array {
  const out = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const values = Array.prototype.slice.call(x, row * columns, (row + 1) * columns) as number[];
    const greatest = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const powers = values.map((value) => Math.exp(value - greatest));
    const total = sum(powers);
    for (const [i, power] of powers.entries()) out[row * columns + i] = power / total;
  }
  return out;
}

export function layerNorm(
  { rows, columns, epsilon = 1e-5 }: LayerNorm,
  x: Numbers,
  gain: Numbers,
  bias: Numbers,
): Float64Array {
  const out = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const values = Array.prototype.slice.call(x, row * columns, (row + 1) * columns) as number[];
    const mean = sum(values) / columns;
    const variance = sum(values.map((value) => (value - mean) ** 2)) / columns;
    for (const [i, value] of values.entries()) {
      out[row * columns + i] = ((value - mean) / Math.sqrt(variance + epsilon)) * gain[i]! + bias[i]!;
    }
  }
  return out;
}

export function conv2d(sizes: Conv2dSizes, x: Numbers, weights: Numbers, bias: Numbers): Float64Array {
  const {
    images,
    channels,
    height,
    width,
    filters,
    filterHeight,
    filterWidth,
    stride = 1,
    padding = 0,
  } = sizes;
  const { outHeight, outWidth } = convolvedSize(sizes);
  const out = new Float64Array(images * filters * outHeight * outWidth);
  const valueAt = (image: number, channel: number, row: number, column: number) =>
    row < 0 || row >= height || column < 0 || column >= width
      ? 0
      : x[((image * channels + channel) * height + row) * width + column]!;
  for (let at = 0; at < out.length; at++) {
    const column = at % outWidth;
    const row = Math.floor(at / outWidth) % outHeight;
    const filter = Math.floor(at / (outWidth * outHeight)) % filters;
    const image = Math.floor(at / (outWidth * outHeight * filters));
    let total = bias[filter]!;
    for (let channel = 0; channel < channels; channel++) {
      for (let dy = 0; dy < filterHeight; dy++) {
        for (let dx = 0; dx < filterWidth; dx++) {
          const weight = weights[((filter * channels + channel) * filterHeight + dy) * filterWidth + dx]!;
          total +=
            weight * valueAt(image, channel, row * stride + dy - padding, column * stride + dx - padding);
        }
      }
    }
    out[at] = total;
  }
  return out;
}

export function histogram({ bins, low, high }: HistogramBins, x: Numbers): Uint32Array {
  const counts = new Uint32Array(bins);
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    if (value < low || value > high) continue;
    counts[Math.min(bins - 1, Math.floor(((value - low) * bins) / (high - low)))]!++;
  }
  return counts;
}

export function nbodyStep({ dt, softening }: NbodyStep, positions: Numbers, velocities: Numbers) {
  const n = positions.length / 4;
  const outPositions = Float64Array.from(positions);
  const outVelocities = new Float64Array(4 * n);
  for (let i = 0; i < n; i++) {
    const pull = [0, 0, 0];
    for (let j = 0; j < n; j++) {
      const difference = pull.map((_, axis) => positions[4 * j + axis]! - positions[4 * i + axis]!);
      const squared = sum(difference.map((value) => value * value)) + softening * softening;
      for (const axis of pull.keys())
        pull[axis]! += (difference[axis]! * positions[4 * j + 3]!) / squared ** 1.5;
    }
    for (const axis of pull.keys()) {
      outVelocities[4 * i + axis] = velocities[4 * i + axis]! + pull[axis]! * dt;
      outPositions[4 * i + axis]! += outVelocities[4 * i + axis]! * dt;
    }
  }
  return { outPositions, outVelocities };
}

export type PlainLayer = { inputs: number; outputs: number; weights: Numbers; bias: Numbers };

/** What each layer gives, the last one without relu. */
export function mlpOutputs(samples: number, x: Numbers, layers: readonly PlainLayer[]): Float64Array[] {
  const outputs: Float64Array[] = [];
  for (const [index, { inputs, outputs: n, weights, bias }] of layers.entries()) {
    const out = matmul({ m: samples, k: inputs, n }, outputs.at(-1) ?? x, weights);
    outputs.push(
      out.map((value, i) =>
        index < layers.length - 1 ? Math.max(0, value + bias[i % n]!) : value + bias[i % n]!,
      ),
    );
  }
  return outputs;
}

export function mlpBackward(
  samples: number,
  x: Numbers,
  labels: Numbers,
  layers: readonly PlainLayer[],
  rate: number,
): { weights: Float64Array; bias: Float64Array }[] {
  const given = [x, ...mlpOutputs(samples, x, layers)];
  const columns = layers.at(-1)!.outputs;
  let gradient = softmax({ rows: samples, columns }, given.at(-1)!).map(
    (probability, i) => (probability - (labels[Math.floor(i / columns)] === i % columns ? 1 : 0)) / samples,
  );
  const stepped: { weights: Float64Array; bias: Float64Array }[] = [];
  for (let index = layers.length - 1; index >= 0; index--) {
    const { inputs, outputs, weights, bias } = layers[index]!;
    const input = given[index]!;
    const newWeights = Float64Array.from(weights);
    const newBias = Float64Array.from(bias);
    const inner = new Float64Array(samples * inputs);
    for (let sample = 0; sample < samples; sample++) {
      for (let to = 0; to < outputs; to++) {
        const slope = gradient[sample * outputs + to]!;
        newBias[to]! -= rate * slope;
        for (let from = 0; from < inputs; from++) {
          newWeights[from * outputs + to]! -= rate * input[sample * inputs + from]! * slope;
          inner[sample * inputs + from]! += slope * weights[from * outputs + to]!;
        }
      }
    }
    stepped.unshift({ weights: newWeights, bias: newBias });
    gradient = inner.map((slope, i) => (input[i]! > 0 ? slope : 0));
  }
  return stepped;
}
