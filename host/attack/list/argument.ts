import type { Attack } from "../attack.ts";
import { withManifest } from "../bytes.ts";
import { noTexts, ofText } from "../manifests.ts";
import { modules } from "../modules.ts";
import { attackOf, mebibyte } from "./attack-of.ts";

const { huge, memory, results, secrets } = modules;

export const argumentAttacks: readonly Attack[] = [
  attackOf("arguments larger than the limit", "LIMIT_EXCEEDED", {
    ...{ module: huge, kernel: "measure", args: ["x".repeat(mebibyte)] },
  }),
  attackOf("arguments larger than the limit, past the client", "LIMIT_EXCEEDED", {
    ...{ module: huge, kernel: "measure", args: ["x".repeat(mebibyte)], by: "wire" },
  }),
  attackOf("arguments larger than memory", "OUT_OF_MEMORY", {
    ...{ module: huge, kernel: "measure", args: ["x".repeat(3 * mebibyte)] },
    options: { maxArgumentBytes: 16 * mebibyte, memoryBytes: 4 * mebibyte },
  }),
  attackOf("arguments for a module whose allocator lies", ["TASK_ERROR", "OUT_OF_MEMORY", "answer"], {
    ...{ module: withManifest(results, ofText), kernel: "takes_string", args: ["text"] },
  }),
  attackOf("memory larger than any, past the client", ["OUT_OF_MEMORY", "LIMIT_EXCEEDED"], {
    ...{ module: memory, kernel: "grow_at_once", options: { memoryBytes: 2 ** 50 }, by: "wire" },
  }),
  ...Object.entries(noTexts).map(([what, argument]) =>
    attackOf("an argument that is no value", ["INVALID_TASK", "PROTOCOL_ERROR"], {
      ...{ variant: what, module: huge, kernel: "measure", args: [argument], by: "wire" },
    }),
  ),
  attackOf("too many arguments, past the client", "INVALID_TASK", {
    ...{ module: huge, kernel: "measure", args: Array(10_000).fill(1), by: "wire" },
  }),
  ...["__proto__", "constructor", "memory", "__new", ""].map((kernel) =>
    attackOf("a kernel that is not there, past the client", "KERNEL_NOT_FOUND", {
      variant: kernel,
      module: huge,
      kernel,
      by: "wire",
    }),
  ),
];

export const secretAttacks: readonly Attack[] = [
  attackOf("secrets of an earlier task", "answer", {
    module: secrets,
    kernel: "steal",
    before: "plant",
    answer: 0,
  }),
  attackOf("secrets of an earlier task that grew and changed its table", "answer", {
    ...{ module: secrets, kernel: "steal", before: "plant_more", answer: 0 },
  }),
  attackOf("data segment that an earlier task has dropped", "answer", {
    ...{ module: secrets, kernel: "use_segment", before: "plant_more", answer: 0x04030201 },
  }),
];
