import type { Attack } from "../attack.ts";
import { segments, tables } from "../bytes.ts";
import { modules } from "../modules.ts";
import { attackOf, short, unchecked } from "./attack-of.ts";

const { huge, memory, table } = modules;

/** Bombs of memory, tables and segments. */
export const memoryAttacks: readonly Attack[] = [
  attackOf("memory, page by page", "OUT_OF_MEMORY", { module: memory, kernel: "grow" }),
  attackOf("memory, all of the address space at once", "OUT_OF_MEMORY", {
    module: memory,
    kernel: "grow_at_once",
  }),
  attackOf("memory that is declared larger than the limit", "OUT_OF_MEMORY", {
    ...{ module: modules.largeMemory, kernel: "run" },
  }),
  ...["grow_for_ever", "grow_by_none", "fill", "copy", "chase"].map((kernel) =>
    attackOf("memory without end", "TASK_TIMEOUT", {
      variant: kernel,
      module: memory,
      kernel,
      options: short,
    }),
  ),
  ...["fill", "copy"].map((kernel) =>
    attackOf("memory without end, without checks", "TASK_TIMEOUT", {
      ...{ variant: kernel, module: unchecked(memory, kernel), kernel, options: short },
    }),
  ),
  attackOf("table without end, without checks", "TASK_TIMEOUT", {
    ...{ module: unchecked(table, "fill"), kernel: "fill", options: short },
  }),
  attackOf("an array larger than memory", ["OUT_OF_MEMORY", "TASK_ERROR"], { module: huge, kernel: "hoard" }),
  attackOf("arrays that are all held", "OUT_OF_MEMORY", { module: huge, kernel: "hoard_pieces" }),
  attackOf("two memories", "MODULE_REJECTED", { module: modules.twoMemories, kernel: "run" }),
  attackOf("a table of ten million entries", "MODULE_REJECTED", {
    module: modules.largeTable,
    kernel: "run",
  }),
  attackOf("a thousand large tables", "MODULE_REJECTED", { module: tables(1_000, 1_000_000), kernel: "run" }),
  attackOf("a hundred thousand tables", "MODULE_REJECTED", { module: tables(100_000, 1), kernel: "run" }),
  attackOf("table, entry by entry", "TASK_ERROR", { module: table, kernel: "grow" }),
  attackOf("table of host references, entry by entry", "TASK_ERROR", { module: table, kernel: "grow_any" }),
  ...["grow_for_ever", "fill"].map((kernel) =>
    attackOf("table without end", "TASK_TIMEOUT", { variant: kernel, module: table, kernel, options: short }),
  ),
  attackOf("many data segments", ["answer", "TASK_TIMEOUT"], {
    ...{ module: segments(90_000, 16), kernel: "run", options: short, answer: 42 },
  }),
  attackOf("large data segments", ["answer", "TASK_TIMEOUT"], {
    ...{ module: segments(200, 60_000), kernel: "run", options: short, answer: 42 },
  }),
  attackOf("more data segments than the engine takes", "MODULE_REJECTED", {
    ...{ module: segments(200_000, 1), kernel: "run" },
  }),
];
