import { InvalidTaskError } from "../../scheduler/protocol/errors.ts";
import { readProgram } from "../../scheduler/wgsl/program.ts";
import type { BufferSource, GpuTask } from "../programs/task.ts";
import wgsl from "./histogram.wgsl";
import { groupsFor, words, wordsOf } from "./sizes.ts";

const program = readProgram("histogram.wgsl", wgsl);

export type HistogramBins = { bins: number; low: number; high: number };

/**
 * `counts`, of u32: how many of `x`, of f32, are in each of so many bins of the same size. Those outside are left out; `high`
 * itself is in the last bin. A value that lies within rounding of where two bins meet may be in either.
 */
export function histogram({ bins, low, high }: HistogramBins, x: BufferSource): GpuTask {
  if (!(bins >= 1 && high > low))
    throw new InvalidTaskError(`there is no histogram of ${bins} bins from ${low} to ${high}`);
  const n = wordsOf(x);
  return {
    buffers: { x, counts: words(bins) },
    steps: [{ program, workgroups: groupsFor(n), uniforms: { params: { n, bins, low, high } } }],
    results: ["counts"],
  };
}
