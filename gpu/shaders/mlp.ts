import { InvalidTaskError } from "../../scheduler/protocol/errors.ts";
import { readProgram } from "../../scheduler/wgsl/program.ts";
import type { BufferSource, GpuStep, GpuTask } from "../programs/task.ts";
import wgsl from "./mlp.wgsl";
import { checkWords, grid, words } from "./sizes.ts";

const program = readProgram("mlp.wgsl", wgsl);

/** One layer: `weights`, inputs × outputs, and a `bias` for each output, of f32. All layers but the last end in relu. */
export type Layer = { inputs: number; outputs: number; weights: BufferSource; bias: BufferSource };

/** `out`, samples × outputs of the last layer, is what the network gives for `x`, samples × inputs of the first one. */
export function mlpForward(samples: number, x: BufferSource, layers: readonly Layer[]): GpuTask {
  const { buffers, steps, last } = forward(samples, x, layers);
  return { buffers, steps: steps.slice(), results: [last] };
}

/**
 * One step of gradient descent on the mean cross entropy of softmax, with a `labels` of u32 for each sample. The results are
 * `weights i` and `bias i` of each layer i after it.
 */
export function mlpBackward(
  samples: number,
  x: BufferSource,
  labels: BufferSource,
  layers: readonly Layer[],
  rate: number,
): GpuTask {
  checkWords("labels", labels, samples);
  const { buffers, steps, last } = forward(samples, x, layers);
  const { outputs } = layers.at(-1)!;
  buffers.labels = labels;
  buffers[`gradient ${layers.length}`] = words(samples * outputs);
  steps.push({
    program,
    entry: "lossGradient",
    workgroups: grid(samples, 1, 64, 1),
    uniforms: { params: { samples, inputs: 0, outputs, rate: 0 } },
    buffers: { x: last, out: `gradient ${layers.length}` },
  });
  const results: string[] = [];
  for (const [index, layer] of [...layers.entries()].reverse()) {
    const given = index === 0 ? "x" : `out ${index}`;
    const uniforms = { params: { samples, inputs: layer.inputs, outputs: layer.outputs, rate } };
    const gradient = `gradient ${index + 1}`;
    const [weights, bias] = [`old weights ${index}`, `old bias ${index}`];
    if (index > 0) {
      buffers[`gradient ${index}`] = words(samples * layer.inputs);
      steps.push({
        program,
        entry: "inputGradient",
        workgroups: grid(layer.inputs, samples, 8),
        uniforms,
        buffers: { x: given, gradient, weights, out: `gradient ${index}` },
      });
    }
    buffers[`weights ${index}`] = words(layer.inputs * layer.outputs);
    buffers[`bias ${index}`] = words(layer.outputs);
    steps.push({
      program,
      entry: "stepWeights",
      workgroups: grid(layer.outputs, layer.inputs, 8),
      uniforms,
      buffers: { x: given, gradient, weights, out: `weights ${index}` },
    });
    steps.push({
      program,
      entry: "stepBias",
      workgroups: grid(layer.outputs, 1, 64, 1),
      uniforms,
      buffers: { gradient, bias, out: `bias ${index}` },
    });
    results.push(`weights ${index}`, `bias ${index}`);
  }
  return { buffers, steps, results };
}

/** The outputs of layer i are `out i + 1`, and those of the last one `out`. */
function forward(samples: number, x: BufferSource, layers: readonly Layer[]) {
  if (layers.length === 0) throw new InvalidTaskError("a network has a layer");
  checkWords("x", x, samples * layers[0]!.inputs);
  const buffers: Record<string, BufferSource> = { x };
  const nameAfter = (index: number) => (index === layers.length - 1 ? "out" : `out ${index + 1}`);
  const steps = layers.map(({ inputs, outputs, weights, bias }, index): GpuStep => {
    const before = layers[index - 1];
    if (before !== undefined && before.outputs !== inputs) {
      throw new InvalidTaskError(
        `layer ${index} takes ${inputs} inputs, and the one before gives ${before.outputs}`,
      );
    }
    checkWords(`weights ${index}`, weights, inputs * outputs);
    checkWords(`bias ${index}`, bias, outputs);
    buffers[`old weights ${index}`] = weights;
    buffers[`old bias ${index}`] = bias;
    buffers[nameAfter(index)] = words(samples * outputs);
    return {
      program,
      entry: "forward",
      workgroups: grid(outputs, samples, 8),
      constants: { relu: index === layers.length - 1 ? 0 : 1 },
      uniforms: { params: { samples, inputs, outputs, rate: 0 } },
      buffers: {
        x: index === 0 ? "x" : nameAfter(index - 1),
        weights: `old weights ${index}`,
        bias: `old bias ${index}`,
        out: nameAfter(index),
      },
    };
  });
  return { buffers, steps, last: nameAfter(layers.length - 1) };
}
