import { readProgram } from "../../scheduler/wgsl/program.ts";
import type { BufferSource, GpuStep, GpuTask } from "../programs/task.ts";
import wgsl from "./scan.wgsl";
import { grid, words, wordsOf } from "./sizes.ts";

const programs = {
  u32: readProgram("scan.wgsl", wgsl),
  f32: readProgram("scan.wgsl", wgsl.replace("alias Item = u32", "alias Item = f32")),
};

const chunk = 64;

/** `out[i] = x[0] + … + x[i - 1]`. Of u32, it goes on from 0 past 2³². */
export function scan(type: "u32" | "f32", x: BufferSource): GpuTask {
  const plan = planScan(type, "x", "out", wordsOf(x));
  return { buffers: { ...plan.buffers, x }, steps: plan.steps, results: ["out"] };
}

/** The same as a part of another task, from one of its buffers to another, with those that it needs besides. */
export function planScan(
  type: "u32" | "f32",
  from: string,
  to: string,
  n: number,
): { buffers: Record<string, BufferSource>; steps: GpuStep[] } {
  const program = programs[type];
  const count = Math.ceil(n / chunk);
  const step = (entry: string, buffers: Record<string, string>): GpuStep => ({
    program,
    entry,
    workgroups: grid(count, 1, 64, 1),
    uniforms: { params: { n, chunk } },
    buffers,
  });
  const [sums, before] = [`sums of ${to}`, `before ${to}`];
  const buffers: Record<string, BufferSource> = { [to]: words(n), [before]: words(count) };
  if (count <= 1) return { buffers, steps: [step("spread", { x: from, before, out: to })] };
  const inner = planScan(type, sums, before, count);
  return {
    buffers: { ...buffers, ...inner.buffers, [sums]: words(count) },
    steps: [step("addUp", { x: from, sums }), ...inner.steps, step("spread", { x: from, before, out: to })],
  };
}
