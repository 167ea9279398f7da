/**
 * Networks of layers, of which all but the last end in relu. `sizes` are the inputs of the first layer and the outputs of
 * each; `weights` is one vector: of each layer its weights, inputs × outputs row by row, and then its bias.
 */
import { multiply, multiplySimd } from "./multiply";
import { softmaxRow } from "./rows";
import { checkLength, checkSize, product, rowsOf } from "./sizes";

/** What the network gives for `x`, samples × inputs: samples × outputs. */
export function mlpForward(x: Float32Array, weights: Float32Array, sizes: Array<i32>): Float32Array {
  return new Network(x, weights, sizes, false).given();
}

export function mlpForwardSimd(x: Float32Array, weights: Float32Array, sizes: Array<i32>): Float32Array {
  return new Network(x, weights, sizes, true).given();
}

/**
 * How a loss changes with each of the weights, in their order, when it changes with the outputs by `gradient`, samples ×
 * outputs.
 */
export function mlpGradient(
  x: Float32Array,
  gradient: Float32Array,
  weights: Float32Array,
  sizes: Array<i32>,
): Float32Array {
  return new Network(x, weights, sizes, false).gradientFrom(gradient);
}

export function mlpGradientSimd(
  x: Float32Array,
  gradient: Float32Array,
  weights: Float32Array,
  sizes: Array<i32>,
): Float32Array {
  return new Network(x, weights, sizes, true).gradientFrom(gradient);
}

/** The weights after a step of gradient descent on the mean cross entropy of softmax, with a label for each sample. */
export function mlpBackward(
  x: Float32Array,
  labels: Uint32Array,
  weights: Float32Array,
  sizes: Array<i32>,
  rate: f32,
): Float32Array {
  return new Network(x, weights, sizes, false).stepped(labels, rate);
}

export function mlpBackwardSimd(
  x: Float32Array,
  labels: Uint32Array,
  weights: Float32Array,
  sizes: Array<i32>,
  rate: f32,
): Float32Array {
  return new Network(x, weights, sizes, true).stepped(labels, rate);
}

/** A network that has been given its inputs. */
class Network {
  private samples: i32;
  /** What each layer takes, and what the last one gives. */
  private values: Array<Float32Array> = [];
  /** Where the weights of each layer begin. */
  private offsets: Array<i32> = [];

  constructor(
    x: Float32Array,
    private weights: Float32Array,
    private sizes: Array<i32>,
    private isSimd: bool,
  ) {
    if (sizes.length < 2) throw new Error("a network has a layer");
    for (let i = 0; i < sizes.length; i++) checkSize("sizes", sizes[i], 1);
    this.samples = rowsOf("x", x.length, sizes[0]);
    let needed: i64 = 0;
    for (let layer = 0; layer < sizes.length - 1; layer++) {
      this.offsets.push(<i32>needed);
      needed += product(<i64>sizes[layer] + 1, sizes[layer + 1]);
    }
    checkLength("weights", weights.length, needed);
    this.values.push(x);
    for (let layer = 0; layer < sizes.length - 1; layer++) this.values.push(this.outputsOf(layer));
  }

  given(): Float32Array {
    return this.values[this.values.length - 1];
  }

  stepped(labels: Uint32Array, rate: f32): Float32Array {
    checkLength("labels", labels.length, this.samples);
    const slopes = this.gradientFrom(this.lossGradient(labels));
    for (let i = 0; i < slopes.length; i++) {
      unchecked((slopes[i] = this.weights[i] - rate * slopes[i]));
    }
    return slopes;
  }

  gradientFrom(gradient: Float32Array): Float32Array {
    const slopes = new Float32Array(this.weights.length);
    checkLength("gradient", gradient.length, this.given().length);
    for (let layer = this.sizes.length - 2; layer >= 0; layer--) {
      const inputs = this.sizes[layer];
      const outputs = this.sizes[layer + 1];
      const x = this.values[layer];
      const own = slopes.dataStart + ((<usize>this.offsets[layer]) << 2);
      const turned = transposed(x.dataStart, this.samples, inputs);
      this.multiply(turned.dataStart, gradient.dataStart, own, inputs, this.samples, outputs);
      addRows(gradient.dataStart, own + ((<usize>(inputs * outputs)) << 2), this.samples, outputs);
      if (layer > 0) gradient = this.inputGradient(layer, gradient);
    }
    return slopes;
  }

  /** How the loss changes with the inputs of a layer, before the relu that they have come from. */
  private inputGradient(layer: i32, gradient: Float32Array): Float32Array {
    const inputs = this.sizes[layer];
    const outputs = this.sizes[layer + 1];
    const x = this.values[layer];
    const turned = transposed(this.weightsOf(layer), inputs, outputs);
    const out = new Float32Array(x.length);
    this.multiply(gradient.dataStart, turned.dataStart, out.dataStart, this.samples, outputs, inputs);
    for (let i = 0; i < out.length; i++) if (!(unchecked(x[i]) > 0)) unchecked((out[i] = 0));
    return out;
  }

  private lossGradient(labels: Uint32Array): Float32Array {
    const outputs = this.sizes[this.sizes.length - 1];
    const given = this.given();
    const gradient = new Float32Array(given.length);
    for (let sample = 0; sample < this.samples; sample++) {
      const row = (<usize>(sample * outputs)) << 2;
      softmaxRow(given.dataStart + row, gradient.dataStart + row, outputs);
      // A label that there is no output for is never given.
      const label = labels[sample];
      if (label < <u32>outputs) gradient[sample * outputs + label] -= 1;
    }
    for (let i = 0; i < gradient.length; i++) unchecked((gradient[i] /= <f32>this.samples));
    return gradient;
  }

  private outputsOf(layer: i32): Float32Array {
    const inputs = this.sizes[layer];
    const outputs = this.sizes[layer + 1];
    const out = new Float32Array(<i32>product(this.samples, outputs));
    const weights = this.weightsOf(layer);
    const bias = weights + ((<usize>(inputs * outputs)) << 2);
    const bytes = (<usize>outputs) << 2;
    const end = out.dataStart + out.byteLength;
    for (let row = out.dataStart; row < end; row += bytes) memory.copy(row, bias, bytes);
    this.multiply(this.values[layer].dataStart, weights, out.dataStart, this.samples, inputs, outputs);
    if (layer < this.sizes.length - 2) {
      for (let i = 0; i < out.length; i++) unchecked((out[i] = max<f32>(out[i], 0)));
    }
    return out;
  }

  private weightsOf(layer: i32): usize {
    return this.weights.dataStart + ((<usize>this.offsets[layer]) << 2);
  }

  private multiply(a: usize, b: usize, c: usize, m: i32, k: i32, n: i32): void {
    if (this.isSimd) multiplySimd(a, b, c, m, k, n, n);
    else multiply(a, b, c, m, k, n, n);
  }
}

function transposed(from: usize, rows: i32, columns: i32): Float32Array {
  const out = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    let to = out.dataStart + ((<usize>row) << 2);
    for (let column = 0; column < columns; column++, from += 4, to += (<usize>rows) << 2) {
      store<f32>(to, load<f32>(from));
    }
  }
  return out;
}

/** Adds rows to a vector at an address. */
function addRows(from: usize, to: usize, rows: i32, columns: i32): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, from += 4) {
      const at = to + ((<usize>column) << 2);
      store<f32>(at, load<f32>(at) + load<f32>(from));
    }
  }
}
