// Kernels whose results follow from their arguments by a formula that scripts/chaos/right.ts has, too.
import { get, remote } from "../../../kernels/sdk";

/** So many rounds of about a nanosecond. */
function work(rounds: i32): u32 {
  let state: u32 = 1;
  for (let i = 0; i < rounds; i++) state = state * 1664525 + 1013904223;
  return state;
}

/** Adds up the leaves of a tree of tasks, each of which submits its two halves. */
export function tree(depth: i32, seed: i32): f64 {
  if (depth == 0) {
    work(3_000_000);
    return seed;
  }
  const left = remote<f64>("chaos/tree", depth - 1, seed * 2);
  const right = remote<f64>("chaos/tree", depth - 1, seed * 2 + 1);
  return get(left) + get(right);
}

/** Takes a while, and gives what it was given. */
export function slow(value: f64, rounds: i32): f64 {
  work(rounds);
  return value;
}

export function numbers(count: i32, seed: i32): Float64Array {
  work(3_000_000);
  const result = new Float64Array(count);
  for (let i = 0; i < count; i++) unchecked((result[i] = seed + i));
  return result;
}

export function add(a: Float64Array, b: Float64Array): Float64Array {
  const result = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) unchecked((result[i] = a[i] + b[i]));
  return result;
}

/** So many numbers that depend on `seed`. */
export function block(count: i32, seed: i32): Uint32Array {
  const result = new Uint32Array(count);
  for (let i = 0; i < count; i++) unchecked((result[i] = i * 31 + seed));
  return result;
}

/** What one of `parts` tasks makes of its part of every block. */
export function gather(part: i32, parts: i32, a: Uint32Array, b: Uint32Array, c: Uint32Array): u32 {
  return sumOf(part, parts, a) + sumOf(part, parts, b) + sumOf(part, parts, c);
}

function sumOf(part: i32, parts: i32, block: Uint32Array): u32 {
  let sum: u32 = 1;
  for (let i = part; i < block.length; i += parts) sum = sum * 31 + unchecked(block[i]);
  return sum;
}
