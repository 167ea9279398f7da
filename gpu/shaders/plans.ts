import type { BufferSource, GpuTask } from "../programs/task.ts";
import { type Conv2dSizes, conv2d } from "./conv2d.ts";
import { histogram } from "./histogram.ts";
import { type MapOperation, map, saxpy } from "./map.ts";
import { type MatmulVariant, matmul } from "./matmul.ts";
import { type MlpSizes, mlpBackward, mlpForward, mlpGradient } from "./mlp.ts";
import { nbodyStep } from "./nbody.ts";
import { argmax, reduce } from "./reduce.ts";
import { layerNorm, softmax } from "./rows.ts";
import { scan } from "./scan.ts";
import { rowsOf, words } from "./sizes.ts";
import { sort, sortPairs } from "./sort.ts";

type Element = "f32" | "u32" | "i32";

/** A task, and of which type each of its results is; those of a kernel that returns an object are called like its fields. */
export type Planned = {
  task: GpuTask;
  results: Readonly<Record<string, { of: Element; isScalar?: true }>>;
};

/** Plans what a kernel does, from its arguments in their order: typed arrays as buffers, all others as plain values. */
export type Plan = (...args: never[]) => Planned;

/** For each kernel of the module `tensor` the plan of the shader that does the same, with what is the fastest on a device. */
export function plansFor(fastest: { matmul: MatmulVariant }): Readonly<Record<string, Plan>> {
  return {
    map: (operation: MapOperation, x: BufferSource) => arrays("f32", map(operation, x)),
    saxpy: (a: number, x: BufferSource, y: BufferSource) => arrays("f32", saxpy(a, x, y)),
    sum: (x: BufferSource) => scalar("f32", reduce("sum", x)),
    min: (x: BufferSource) => scalar("f32", reduce("min", x)),
    max: (x: BufferSource) => scalar("f32", reduce("max", x)),
    argmax: (x: BufferSource) => scalar("u32", { ...argmax(x), results: ["place"] }),
    scan: (x: BufferSource) => arrays("f32", scan("f32", x)),
    scanU32: (x: BufferSource) => arrays("u32", scan("u32", x)),
    sort: (keys: BufferSource) => arrays("u32", sort(keys)),
    sortPairs: (keys: BufferSource, values: BufferSource) => arrays("u32", sortPairs(keys, values)),
    matmul: (a: BufferSource, b: BufferSource, m: number, k: number, n: number) =>
      arrays("f32", matmul(fastest.matmul, { m, k, n }, a, b)),
    softmax: (x: BufferSource, columns: number) =>
      arrays("f32", softmax({ rows: rowsOf("x", x, columns), columns }, x)),
    layerNorm: (x: BufferSource, gain: BufferSource, bias: BufferSource, columns: number, epsilon = 1e-5) =>
      arrays("f32", layerNorm({ rows: rowsOf("x", x, columns), columns, epsilon }, x, gain, bias)),
    // The kernel has no bias.
    conv2d: (x: BufferSource, weights: BufferSource, sizes: Conv2dSizes) =>
      arrays("f32", conv2d(sizes, x, weights, words(sizes.filters))),
    histogram: (x: BufferSource, bins: number, low: number, high: number) =>
      arrays("u32", histogram({ bins, low, high }, x)),
    nbodyStep: (positions: BufferSource, velocities: BufferSource, dt: number, softening: number) =>
      arrays("f32", nbodyStep({ dt, softening }, positions, velocities)),
    mlpForward: (x: BufferSource, weights: BufferSource, sizes: MlpSizes) =>
      arrays("f32", mlpForward(x, weights, sizes)),
    mlpBackward: (
      x: BufferSource,
      labels: BufferSource,
      weights: BufferSource,
      sizes: MlpSizes,
      rate: number,
    ) => arrays("f32", mlpBackward(x, labels, weights, sizes, rate)),
    mlpGradient: (x: BufferSource, gradient: BufferSource, weights: BufferSource, sizes: MlpSizes) =>
      arrays("f32", mlpGradient(x, gradient, weights, sizes)),
  };
}

const arrays = (of: Element, task: GpuTask): Planned => ({
  task,
  results: Object.fromEntries(task.results.map((name) => [name, { of }])),
});

const scalar = (of: Element, task: GpuTask): Planned => ({
  task,
  results: Object.fromEntries(task.results.map((name) => [name, { of, isScalar: true }])),
});
