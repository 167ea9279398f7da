import { readProgram } from "../../scheduler/wgsl/program.ts";
import type { BufferSource, GpuTask } from "../programs/task.ts";
import wgsl from "./rows.wgsl";
import { checkWords, grid, words } from "./sizes.ts";

const program = readProgram("rows.wgsl", wgsl);

export type RowSizes = { rows: number; columns: number };

/** `out`: in each row of `x`, of f32, the powers of e, divided by their sum. */
export function softmax({ rows, columns }: RowSizes, x: BufferSource): GpuTask {
  checkWords("x", x, rows * columns);
  return {
    buffers: { x, out: words(rows * columns) },
    steps:
      columns === 0
        ? []
        : [
            {
              program,
              entry: "softmax",
              workgroups: grid(rows, 1, 64, 1),
              uniforms: { params: { rows, columns, epsilon: 0 } },
            },
          ],
    results: ["out"],
  };
}

export type LayerNorm = RowSizes & {
  /** Added to the variance. */
  epsilon?: number;
};

/** `out`: each row of `x`, of f32, less its mean, by its deviation, times `gain`, plus `bias`, one of each for a column. */
export function layerNorm(
  { rows, columns, epsilon = 1e-5 }: LayerNorm,
  x: BufferSource,
  gain: BufferSource,
  bias: BufferSource,
): GpuTask {
  checkWords("x", x, rows * columns);
  checkWords("gain", gain, columns);
  checkWords("bias", bias, columns);
  return {
    buffers: { x, gain, bias, out: words(rows * columns) },
    steps:
      columns === 0
        ? []
        : [
            {
              program,
              entry: "layerNorm",
              workgroups: grid(rows, 1, 64, 1),
              uniforms: { params: { rows, columns, epsilon } },
            },
          ],
    results: ["out"],
  };
}
