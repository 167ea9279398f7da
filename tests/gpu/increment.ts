import { readProgram } from "../../gpu/index.ts";

/** Adds 1 to each word. */
export const increment = readProgram(
  "increment.wgsl",
  `@group(0) @binding(0) var<storage, read_write> x: array<u32>;
  @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
    if (id.x < arrayLength(&x)) { x[id.x]++; }
  }`,
);
