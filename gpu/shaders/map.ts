import { InvalidTaskError } from "../../scheduler/protocol/errors.ts";
import { readProgram } from "../../scheduler/wgsl/program.ts";
import type { BufferSource, GpuTask } from "../programs/task.ts";
import wgsl from "./map.wgsl";
import { checkWords, groupsFor, words, wordsOf } from "./sizes.ts";

const program = readProgram("map.wgsl", wgsl);

/** In the order of their numbers in the shader. */
const operations = ["relu", "sigmoid", "tanh", "exp", "log", "sqrt", "abs", "square", "negate"] as const;
export type MapOperation = (typeof operations)[number];

/** `out[i] = f(x[i])`, of f32. */
export function map(operation: MapOperation, x: BufferSource): GpuTask {
  const op = operations.indexOf(operation);
  if (op < 0)
    throw new InvalidTaskError(`operation is no one of ${operations.join(", ")}: ${operation}`, {
      data: { name: "operation" },
    });
  const n = wordsOf(x);
  return {
    buffers: { x, out: words(n) },
    steps: [
      {
        program,
        entry: "unary",
        workgroups: groupsFor(n),
        constants: { op },
        uniforms: { params: { n, a: 0 } },
      },
    ],
    results: ["out"],
  };
}

/** `out[i] = a * x[i] + y[i]`, of f32. */
export function saxpy(a: number, x: BufferSource, y: BufferSource): GpuTask {
  const n = wordsOf(x);
  checkWords("y", y, n);
  return {
    buffers: { x, y, out: words(n) },
    steps: [{ program, entry: "saxpy", workgroups: groupsFor(n), uniforms: { params: { n, a } } }],
    results: ["out"],
  };
}
