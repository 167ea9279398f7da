import { InvalidTaskError } from "../../scheduler/protocol/errors.ts";
import { readProgram } from "../../scheduler/wgsl/program.ts";
import type { BufferSource, GpuStep, GpuTask } from "../programs/task.ts";
import wgsl from "./reduce.wgsl";
import { grid, words, wordsOf } from "./sizes.ts";

const program = readProgram("reduce.wgsl", wgsl);

/** How many items an invocation folds. */
const fan = 64;

/** In the order of their numbers in the shader, each with what it gives of nothing. */
const operations = { sum: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
export type Reduction = keyof typeof operations;

/** `out[0]` is the sum, the least or the greatest of `x`, of f32, of which none may be NaN. */
export function reduce(operation: Reduction, x: BufferSource): GpuTask {
  const n = wordsOf(x);
  if (n === 0)
    return { buffers: { out: Float32Array.of(operations[operation]) }, steps: [], results: ["out"] };
  const constants = { op: Object.keys(operations).indexOf(operation) };
  const buffers: Record<string, BufferSource> = { x };
  const steps = levels(n).map(({ from, n, to, count }): GpuStep => {
    buffers[to] = words(count);
    return {
      program,
      entry: "level",
      workgroups: grid(count, 1, 64, 1),
      constants,
      uniforms: { params: { n, count } },
      buffers: { x: from, out: to },
    };
  });
  return { buffers, steps, results: ["out"] };
}

/** `place[0]` is the index, a u32, of the first of the greatest values of `x`, of f32, and `out[0]` that value. */
export function argmax(x: BufferSource): GpuTask {
  const n = wordsOf(x);
  if (n === 0)
    throw new InvalidTaskError("x has no values, of which one could be the greatest", {
      data: { binding: "x" },
    });
  const buffers: Record<string, BufferSource> = { x };
  const placesOf = (name: string) => (name === "out" ? "place" : `${name} places`);
  const steps = levels(n).map(({ from, n, to, count }, index): GpuStep => {
    buffers[to] = words(count);
    buffers[placesOf(to)] = words(count);
    const isFirst = index === 0;
    return {
      program,
      entry: isFirst ? "firstPlaces" : "nextPlaces",
      workgroups: grid(count, 1, 64, 1),
      uniforms: { params: { n, count } },
      buffers: { x: from, out: to, outPlaces: placesOf(to), ...(!isFirst && { places: placesOf(from) }) },
    };
  });
  return { buffers, steps, results: ["out", "place"] };
}

/** From `n` items to one, each level with the names of its buffers. */
function levels(n: number): { from: string; n: number; to: string; count: number }[] {
  const found: ReturnType<typeof levels> = [];
  let from = "x";
  do {
    const count = Math.ceil(n / fan);
    const to = count === 1 ? "out" : `level ${found.length}`;
    found.push({ from, n, to, count });
    from = to;
    n = count;
  } while (n > 1);
  return found;
}
