/** Looks at a clock: for a task that was not granted one, and for one that never stops looking. */
import { clock } from "wray/kernels/sdk";

export function now(): f64 {
  return clock();
}

export function watch(): f64 {
  while (true) clock();
  return 0;
}
