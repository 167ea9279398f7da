import type { Attack } from "../attack.ts";
import { modules } from "../modules.ts";
import { attackOf, type Row, short, unchecked } from "./attack-of.ts";

const { catching, endless, forks, loops, start, startEndless, startRecursion, waiting } = modules;
const loop = (kernel: string, args: unknown[] = []): Row => ({ module: loops, kernel, args, options: short });

/** What never ends. */
export const timeAttacks: readonly Attack[] = [
  attackOf("endless loop", "TASK_TIMEOUT", loop("spin")),
  attackOf("endless loop, against its cpu time", "TASK_TIMEOUT", { ...loop("spin"), options: { cpuMs: 50 } }),
  attackOf("endless loop of tiny calls", "TASK_TIMEOUT", loop("spin_calls")),
  attackOf("endless loop by a branch table", "TASK_TIMEOUT", loop("spin_table", [2])),
  attackOf("endless loop of divisions", "TASK_TIMEOUT", loop("divisions")),
  attackOf("endless tail calls", "TASK_TIMEOUT", loop("tail_calls")),
  attackOf("endless loop in AssemblyScript", "TASK_TIMEOUT", {
    module: endless,
    kernel: "spin",
    options: short,
  }),
  attackOf("endless growth of a text", "OUT_OF_MEMORY", { module: endless, kernel: "concatenate" }),
  attackOf("endless sorting", ["TASK_TIMEOUT", "OUT_OF_MEMORY"], {
    module: endless,
    kernel: "sort",
    options: short,
  }),
  attackOf("endless loop without checks", "TASK_TIMEOUT", {
    ...{ module: unchecked(loops, "spin"), kernel: "spin", options: short },
  }),
  attackOf("endless loop in the start function", "TASK_TIMEOUT", {
    ...{ module: start, kernel: "run", options: short },
  }),
  attackOf("endless loop in the start function, without checks", "TASK_TIMEOUT", {
    ...{ module: unchecked(start, "run"), kernel: "run", options: short },
  }),
  attackOf("endless loop at the top level of AssemblyScript", "TASK_TIMEOUT", {
    ...{ module: startEndless, kernel: "run", options: short },
  }),
  attackOf("loop that catches what stops it", "TASK_TIMEOUT", {
    ...{ module: catching, kernel: "swallow", options: short },
  }),
  attackOf("loop in the same function that catches what stops it", "TASK_TIMEOUT", {
    ...{ module: catching, kernel: "swallow_here", options: short },
  }),
  attackOf("loop that catches what stops it, without checks", "TASK_TIMEOUT", {
    ...{ module: unchecked(catching, "swallow"), kernel: "swallow", options: short },
  }),
  attackOf("loop that catches its stack overflows", ["TASK_TIMEOUT", "STACK_OVERFLOW"], {
    ...{ module: catching, kernel: "swallow_overflow", options: short },
  }),
  attackOf("recursion that catches its overflow at each level", ["TASK_TIMEOUT", "STACK_OVERFLOW"], {
    ...{ module: catching, kernel: "swallow_each_level", options: short },
  }),
  ...["wait32", "wait64", "wait_in_turns"].map((kernel) =>
    attackOf("memory.atomic.wait for ever", "TASK_TIMEOUT", {
      variant: kernel,
      module: waiting,
      kernel,
      options: short,
    }),
  ),
  attackOf("memory.atomic.wait for ever, without checks", "TASK_TIMEOUT", {
    ...{ module: unchecked(waiting, "wait32"), kernel: "wait32", options: short },
  }),
  attackOf("get of a task that never ends", "TASK_TIMEOUT", {
    module: forks,
    kernel: "blocked",
    options: short,
  }),
  // One of them may run into its own time limit a moment before.
  attackOf("wait for tasks that never end", ["TASK_TIMEOUT", "answer"], {
    ...{ module: forks, kernel: "blocked_in_wait", options: short, answer: 1 },
  }),
  attackOf("endless loop that is cancelled", "TASK_CANCELLED", {
    ...{ module: loops, kernel: "spin", isCancelled: true },
  }),
  attackOf("endless loop without checks that is cancelled", "TASK_CANCELLED", {
    ...{ module: unchecked(loops, "spin"), kernel: "spin", isCancelled: true },
  }),
  attackOf("cancel that races the end", ["answer", "TASK_CANCELLED"], {
    ...{ module: endless, kernel: "work", args: [16], isCancelled: true, answer: 32_768 },
  }),
];

export const stackAttacks: readonly Attack[] = [
  ...(["recurse", "recurse_by_turns"] as const).map((kernel) =>
    attackOf("endless recursion", "STACK_OVERFLOW", {
      ...{ variant: kernel, module: loops, kernel, args: [kernel === "recurse" ? 0 : 0n] },
    }),
  ),
  attackOf("endless recursion by call_indirect", "STACK_OVERFLOW", {
    module: loops,
    kernel: "recurse_indirect",
  }),
  attackOf("endless recursion without checks", "STACK_OVERFLOW", {
    ...{ module: unchecked(loops, "recurse_indirect"), kernel: "recurse_indirect" },
  }),
  attackOf("endless recursion in the start function", "STACK_OVERFLOW", {
    ...{ module: startRecursion, kernel: "run" },
  }),
  attackOf("endless recursion in AssemblyScript", "STACK_OVERFLOW", {
    module: endless,
    kernel: "recurse",
    args: [0],
  }),
  attackOf("recursion that holds memory", ["STACK_OVERFLOW", "OUT_OF_MEMORY"], {
    ...{ module: endless, kernel: "recurse_and_keep", args: [0] },
  }),
];
