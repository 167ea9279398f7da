import type { Attack } from "../attack.ts";
import { modules } from "../modules.ts";
import { attackOf, short } from "./attack-of.ts";

const { catching, forks, hostCalls, hostTypes, traps } = modules;

/** Every way to trap. */
export const trapAttacks: readonly Attack[] = [
  ...(
    [
      ["unreachable"],
      ["divide", 0],
      ["remainder", 0n],
      ["overflow", -1],
      ["truncate", 1e300],
      ["load", -1],
      ["store", -1],
      ["fill", 1],
      ["indirect_type"],
      ["indirect_null"],
      ["indirect_bounds"],
      ["table_bounds"],
    ] as const
  ).map(([kernel, ...args]) =>
    attackOf("trap", "TASK_ERROR", { variant: kernel, module: traps, kernel, args }),
  ),
  attackOf("an exception that nobody catches", "TASK_ERROR", { module: catching, kernel: "throw" }),
];

/** Addresses where no text can be: misaligned, of a length that lies, outside, at the end. */
const addresses = [1, 2, 8, 65_540, -4, -2_147_483_648];

export const hostAttacks: readonly Attack[] = [
  ...addresses.flatMap((address) => [
    attackOf("abort with a made-up address", "TASK_ERROR", {
      variant: `${address}`,
      module: hostCalls,
      kernel: "abort_at",
      args: [address],
    }),
    attackOf("log with a made-up address", "TASK_ERROR", {
      variant: `${address}`,
      module: hostCalls,
      kernel: "log_at",
      args: [address],
    }),
    attackOf("remote with made-up addresses", ["TASK_ERROR", "KERNEL_NOT_FOUND", "answer"], {
      ...{ variant: `${address}`, module: hostCalls, kernel: "submit_at", args: [address, 16, 1] },
    }),
    attackOf("wait with made-up addresses", "TASK_ERROR", {
      ...{ variant: `${address}`, module: hostCalls, kernel: "wait_for", args: [address, 2_147_483_647, 1] },
    }),
    attackOf("put of a made-up class", "TASK_ERROR", {
      ...{ variant: `${address}`, module: hostCalls, kernel: "put_object_at", args: [address, address] },
    }),
  ]),
  attackOf("abort without end", "TASK_ERROR", { module: hostCalls, kernel: "abort_returns" }),
  ...["arg_ref_of", "take_of", "free_of"].map((kernel) =>
    attackOf("a made-up ref", "TASK_ERROR", { variant: kernel, module: hostCalls, kernel, args: [12_345] }),
  ),
  attackOf("a made-up ref of an object", "TASK_ERROR", {
    module: hostCalls,
    kernel: "take_object_of",
    args: [-1, -1],
  }),
  ...["log", "random", "progress", "free"].map((kernel) =>
    attackOf("host's function by a type that it does not have", ["TASK_ERROR", "answer"], {
      ...{ variant: kernel, module: hostTypes, kernel },
    }),
  ),
  attackOf("arguments of calls that are never made", "LIMIT_EXCEEDED", {
    module: hostCalls,
    kernel: "arg_flood",
  }),
  attackOf("objects without end", "LIMIT_EXCEEDED", { module: hostCalls, kernel: "put_flood" }),
  attackOf("objects that are freed at once, without end", "TASK_TIMEOUT", {
    ...{ module: hostCalls, kernel: "put_and_free", options: short },
  }),
  attackOf("large objects without end", "LIMIT_EXCEEDED", { module: forks, kernel: "put_flood" }),
];

export const nestedAttacks: readonly Attack[] = [
  attackOf("fork bomb", "LIMIT_EXCEEDED", { module: forks, kernel: "bomb" }),
  attackOf("fork bomb that forgets its refs", "LIMIT_EXCEEDED", { module: forks, kernel: "bomb_and_free" }),
  attackOf("fork bomb, two tasks each", ["TASK_TIMEOUT", "LIMIT_EXCEEDED"], {
    ...{ module: forks, kernel: "double", options: short },
  }),
  attackOf("recursion of tasks", ["TASK_TIMEOUT", "LIMIT_EXCEEDED"], {
    ...{ module: forks, kernel: "recurse", args: [0], options: short },
  }),
  attackOf("task of a long seed that submits another", "answer", {
    ...{ module: forks, kernel: "of_another", options: { seed: "s".repeat(256) }, answer: 3 },
  }),
  attackOf("task that may submit none", "LIMIT_EXCEEDED", {
    module: forks,
    kernel: "blocked",
    options: { maxNested: 0 },
  }),
  attackOf("task that was not granted to submit", "INVALID_TASK", {
    module: forks,
    kernel: "bomb",
    options: { grant: [] },
  }),
  attackOf("a large argument of many tasks", "LIMIT_EXCEEDED", {
    ...{ module: forks, kernel: "pass_flood", args: ["x".repeat(100_000)] },
  }),
  attackOf("fork bomb that is cancelled", ["TASK_CANCELLED", "LIMIT_EXCEEDED"], {
    ...{ module: forks, kernel: "bomb", isCancelled: true },
  }),
  attackOf("get of a module that is not there", "MODULE_NOT_FOUND", { module: forks, kernel: "of_nothing" }),
  attackOf("get of a kernel that is not there", ["KERNEL_NOT_FOUND"], {
    module: forks,
    kernel: "of_no_kernel",
  }),
  attackOf("remote with arguments that don't fit", "INVALID_TASK", {
    module: forks,
    kernel: "of_wrong_arguments",
  }),
  attackOf("get of another type than there is", ["TASK_ERROR", "INVALID_TASK"], {
    module: forks,
    kernel: "of_wrong_result",
  }),
];
