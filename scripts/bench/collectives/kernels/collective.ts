// What the bench of collectives measures, on each member.
import { allReduce, barrier, clock, rank, size } from "wray/kernels/sdk";

/** Milliseconds that an allReduce of so many f32 takes, the mean of so many one after the other. Wrong sums trap. */
export function allReduceMs(length: i32, rounds: i32): f64 {
  const array = new Float32Array(length);
  array.fill(<f32>rank());
  allReduce(array, "sum");
  const expected = <f32>((size() * (size() - 1)) / 2);
  for (let i = 0; i < length; i++) assert(unchecked(array[i]) == expected, "a sum is wrong");
  array.fill(0);
  barrier();
  const startMs = clock();
  for (let i = 0; i < rounds; i++) allReduce(array, "sum");
  return (clock() - startMs) / rounds;
}
