// What the shipped shaders compute, as plain loops in doubles: what each of their variants is held to.
import type { Conv2dSizes } from "../shaders/conv2d.ts";
import { convolvedSize } from "../shaders/conv2d.ts";
import type { HistogramBins } from "../shaders/histogram.ts";
import type { MapOperation } from "../shaders/map.ts";
import type { MatmulSizes } from "../shaders/matmul.ts";
import type { MlpSizes } from "../shaders/mlp.ts";
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
  const moved = Float64Array.from(positions);
  const pulled = new Float64Array(4 * n);
  for (let i = 0; i < n; i++) {
    const pull = [0, 0, 0];
    for (let j = 0; j < n; j++) {
      const difference = pull.map((_, axis) => positions[4 * j + axis]! - positions[4 * i + axis]!);
      const squared = sum(difference.map((value) => value * value)) + softening * softening;
      for (const axis of pull.keys())
        pull[axis]! += (difference[axis]! * positions[4 * j + 3]!) / squared ** 1.5;
    }
    for (const axis of pull.keys()) {
      pulled[4 * i + axis] = velocities[4 * i + axis]! + pull[axis]! * dt;
      moved[4 * i + axis]! += pulled[4 * i + axis]! * dt;
    }
  }
  return { positions: moved, velocities: pulled };
}

/** Where the weights and the bias of each layer are, in the one vector of a network. */
function layersOf(weights: Numbers, sizes: MlpSizes) {
  let offset = 0;
  const take = (count: number) => Array.from({ length: count }, () => weights[offset++]!);
  return sizes.slice(1).map((outputs, index) => {
    const inputs = sizes[index]!;
    return { inputs, outputs, weights: take(inputs * outputs), bias: take(outputs) };
  });
}

/** What each layer gives, the last one without relu. */
function mlpOutputs(x: Numbers, weights: Numbers, sizes: MlpSizes): Float64Array[] {
  const samples = x.length / sizes[0]!;
  const given: Float64Array[] = [];
  for (const [index, layer] of layersOf(weights, sizes).entries()) {
    const { inputs, outputs, bias } = layer;
    const out = matmul({ m: samples, k: inputs, n: outputs }, given.at(-1) ?? x, layer.weights);
    const isLast = index === sizes.length - 2;
    given.push(out.map((value, i) => Math.max(isLast ? -Infinity : 0, value + bias[i % outputs]!)));
  }
  return given;
}

export const mlpForward = (x: Numbers, weights: Numbers, sizes: MlpSizes): Float64Array =>
  mlpOutputs(x, weights, sizes).at(-1)!;

export function mlpGradient(x: Numbers, gradient: Numbers, weights: Numbers, sizes: MlpSizes): Float64Array {
  const given = [x, ...mlpOutputs(x, weights, sizes)];
  const samples = x.length / sizes[0]!;
  const slopes: number[][] = [];
  let after = gradient;
  for (const [index, layer] of [...layersOf(weights, sizes).entries()].reverse()) {
    const { inputs, outputs } = layer;
    const input = given[index]!;
    const own = new Array<number>((inputs + 1) * outputs).fill(0);
    const inner = new Float64Array(samples * inputs);
    for (let sample = 0; sample < samples; sample++) {
      for (let to = 0; to < outputs; to++) {
        const slope = after[sample * outputs + to]!;
        own[inputs * outputs + to]! += slope;
        for (let from = 0; from < inputs; from++) {
          own[from * outputs + to]! += input[sample * inputs + from]! * slope;
          inner[sample * inputs + from]! += slope * layer.weights[from * outputs + to]!;
        }
      }
    }
    slopes.unshift(own);
    after = inner.map((slope, i) => (input[i]! > 0 ? slope : 0));
  }
  return Float64Array.from(slopes.flat());
}

export function mlpBackward(
  x: Numbers,
  labels: Numbers,
  weights: Numbers,
  sizes: MlpSizes,
  rate: number,
): Float64Array {
  const samples = labels.length;
  const columns = sizes.at(-1)!;
  const gradient = softmax({ rows: samples, columns }, mlpForward(x, weights, sizes)).map(
    (probability, i) => (probability - (labels[Math.floor(i / columns)] === i % columns ? 1 : 0)) / samples,
  );
  return mlpGradient(x, gradient, weights, sizes).map((slope, i) => weights[i]! - rate * slope);
}
