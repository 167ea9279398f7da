import { InvalidTaskError } from "../../scheduler/protocol/errors.ts";
import { readProgram } from "../../scheduler/wgsl/program.ts";
import type { BufferSource, GpuStep, GpuTask } from "../programs/task.ts";
import wgsl from "./mlp.wgsl";
import { checkSize, checkWords, grid, rowsOf, words, wordsOf } from "./sizes.ts";

const program = readProgram("mlp.wgsl", wgsl);

/** The columns and rows that a workgroup has of a product. */
const tile = [32, 64] as const;

/**
 * The inputs of the first layer, and the outputs of each. All layers but the last end in relu. The weights of all, of f32, are
 * one vector: of each layer its weights, inputs × outputs row by row, and then its bias.
 */
export type MlpSizes = readonly number[];

/** `out`, samples × outputs, is what the network gives for `x`, samples × inputs. */
export function mlpForward(x: BufferSource, weights: BufferSource, sizes: MlpSizes): GpuTask {
  const { buffers, steps } = forward(x, weights, sizes);
  return { buffers, steps, results: ["out"] };
}

/**
 * `stepped`: the weights after a step of gradient descent on the mean cross entropy of softmax, with a label of u32 for each
 * sample.
 */
export function mlpBackward(
  x: BufferSource,
  labels: BufferSource,
  weights: BufferSource,
  sizes: MlpSizes,
  rate: number,
): GpuTask {
  const { buffers, steps, layers, samples } = forward(x, weights, sizes);
  checkWords("labels", labels, samples);
  const outputs = sizes.at(-1)!;
  const loss: GpuStep = {
    program,
    entry: "lossGradient",
    workgroups: grid(samples, 1, 64, 1),
    uniforms: { params: { samples, inputs: 0, outputs, offset: 0, rate: 0 } },
    buffers: { given: "out", out: `gradient ${layers.length}` },
  };
  const back = backward(layers, samples, { result: "stepped", descend: 1, rate });
  return {
    buffers: {
      ...buffers,
      ...back.buffers,
      labels,
      [`gradient ${layers.length}`]: words(samples * outputs),
      stepped: words(wordsOf(weights)),
    },
    steps: [...steps, loss, ...back.steps],
    results: ["stepped"],
  };
}

/**
 * `slopes`: how a loss changes with each of the weights, in their order, when it changes with the outputs by `gradient`,
 * samples × outputs.
 */
export function mlpGradient(
  x: BufferSource,
  gradient: BufferSource,
  weights: BufferSource,
  sizes: MlpSizes,
): GpuTask {
  const { buffers, steps, layers, samples } = forward(x, weights, sizes);
  checkWords("gradient", gradient, samples * sizes.at(-1)!);
  const back = backward(layers, samples, { result: "slopes", descend: 0, rate: 0 });
  return {
    buffers: {
      ...buffers,
      ...back.buffers,
      [`gradient ${layers.length}`]: gradient,
      slopes: words(wordsOf(weights)),
    },
    steps: [...steps, ...back.steps],
    results: ["slopes"],
  };
}

type Layer = { inputs: number; outputs: number; offset: number };

/** Where the weights of each layer begin. */
function layersOf(sizes: MlpSizes, weights: BufferSource): Layer[] {
  if (sizes.length < 2) throw new InvalidTaskError("a network has a layer");
  for (const size of sizes) checkSize("sizes", size, 1);
  let offset = 0;
  const layers = sizes.slice(1).map((outputs, index) => {
    const layer = { inputs: sizes[index]!, outputs, offset };
    offset += (layer.inputs + 1) * outputs;
    return layer;
  });
  checkWords("weights", weights, offset);
  return layers;
}

/** What goes into layer i is in `out i`, but for the first, which takes `x`; what the last one gives is `out`. */
const givenTo = (index: number) => (index === 0 ? "x" : `out ${index}`);

function forward(x: BufferSource, weights: BufferSource, sizes: MlpSizes) {
  const layers = layersOf(sizes, weights);
  const samples = rowsOf("x", x, sizes[0]!);
  const buffers: Record<string, BufferSource> = { x, weights };
  const steps = layers.map((layer, index): GpuStep => {
    const isLast = index === layers.length - 1;
    const out = isLast ? "out" : givenTo(index + 1);
    buffers[out] = words(samples * layer.outputs);
    return {
      program,
      entry: "forward",
      workgroups: grid(layer.outputs, samples, ...tile),
      constants: { relu: isLast ? 0 : 1 },
      uniforms: { params: { samples, ...layer, rate: 0 } },
      buffers: { left: givenTo(index), right: "weights", given: "weights", out },
    };
  });
  return { buffers, steps, layers, samples };
}

/** From the gradient of what the last layer has given, each layer writing its part of the result. */
function backward(
  layers: readonly Layer[],
  samples: number,
  { result, descend, rate }: { result: string; descend: number; rate: number },
) {
  const buffers: Record<string, BufferSource> = {};
  const steps = [...layers.entries()].reverse().flatMap(([index, layer]): GpuStep[] => {
    const uniforms = { params: { samples, ...layer, rate } };
    const [x, gradient] = [givenTo(index), `gradient ${index + 1}`];
    const own: GpuStep = {
      program,
      entry: "weightGradient",
      workgroups: grid(layer.outputs, layer.inputs + 1, ...tile),
      constants: { descend },
      uniforms,
      buffers: { left: x, right: gradient, given: "weights", out: result },
    };
    if (index === 0) return [own];
    buffers[`gradient ${index}`] = words(samples * layer.inputs);
    const inner: GpuStep = {
      program,
      entry: "inputGradient",
      workgroups: grid(layer.inputs, samples, ...tile),
      uniforms,
      buffers: { left: gradient, right: "weights", given: x, out: `gradient ${index}` },
    };
    return [own, inner];
  });
  return { buffers, steps };
}
