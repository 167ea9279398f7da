import { type Attack, endings } from "../attack.ts";
import * as bytes from "../bytes.ts";
import { lies } from "../manifests.ts";
import { modules } from "../modules.ts";
import { attackOf, mebibyte, short } from "./attack-of.ts";

const { endless, hostCalls, huge, loops, names } = modules;

/** Modules that are no modules, ask for what they must not have, or say what is not so. */
export const moduleAttacks: readonly Attack[] = [
  attackOf("a module of 17 MiB", "MODULE_REJECTED", { module: bytes.padded(17 * mebibyte), kernel: "run" }),
  attackOf("a function as large as a host takes", "answer", {
    ...{ module: bytes.largeFunction(1_000_000), kernel: "run", answer: 42 },
  }),
  ...[3_000_000, 8_000_000].map((size) =>
    attackOf("a function that is larger", "MODULE_REJECTED", {
      ...{ variant: `${size}`, module: bytes.largeFunction(size), kernel: "run" },
    }),
  ),
  attackOf("as many loops as a host takes, one in the other", "answer", {
    ...{ module: bytes.deepBlocks(1_000), kernel: "run", answer: 42 },
  }),
  ...[2_000, 100_000].map((depth) =>
    attackOf("more loops, one in the other", "MODULE_REJECTED", {
      ...{ variant: `${depth}`, module: bytes.deepBlocks(depth), kernel: "run" },
    }),
  ),
  attackOf("as many locals as the engine takes", ["answer", "STACK_OVERFLOW"], {
    ...{ module: bytes.manyLocals(49_999), kernel: "run", answer: 42 },
  }),
  attackOf("more locals than the engine takes", "MODULE_REJECTED", {
    module: bytes.manyLocals(2 ** 32 - 1),
    kernel: "run",
  }),
  attackOf("a section as long as the address space", "MODULE_REJECTED", {
    module: bytes.endlessSection(),
    kernel: "run",
  }),
  attackOf("four billion types", "MODULE_REJECTED", { module: bytes.endlessList(), kernel: "run" }),
  attackOf("a truncated module", ["MODULE_REJECTED", "KERNEL_NOT_FOUND"], {
    ...{ module: (random) => bytes.truncated(endless, random), kernel: "recurse", args: [0] },
  }),
  attackOf("a module of noise", "MODULE_REJECTED", {
    module: (random) => bytes.noise(500, random),
    kernel: "run",
  }),
  ...(
    [
      ["names", names, "run", []],
      ["host calls", hostCalls, "submit_at", [8, 16, 1]],
      ["AssemblyScript", huge, "text", [100]],
    ] as const
  ).map(([what, module, kernel, args]) =>
    attackOf("a module with wrong bits", endings, {
      ...{ variant: what, module: (random) => bytes.flipped(module, random), kernel, args, options: short },
    }),
  ),
  ...[
    ...[
      "__proto__",
      "constructor",
      "toString",
      "env",
      "wray",
      "env.abort",
      "wasi_snapshot_preview1",
      "__wray",
      "",
    ].map((module) => [module, "polluted"]),
    ...["__proto__", "constructor", "toString", "hasOwnProperty", "fetch"].map((name) => ["env", name]),
    ...[
      ["wasi_snapshot_preview1", "fd_write"],
      ["__wray", "check"],
      ["wray", "__proto__"],
      ["wray.log", ""],
    ],
  ].map(([module, name]) =>
    attackOf("import of what no host gives", "MODULE_REJECTED", {
      ...{ variant: `${module}.${name}`, module: bytes.importing(module!, name!), kernel: "run" },
    }),
  ),
  ...(["memory", "table", "global"] as const).map((kind) =>
    attackOf("import of something by the name of a function", "MODULE_REJECTED", {
      ...{ variant: kind, module: bytes.importing("env", "abort", bytes.kinds[kind]), kernel: "run" },
    }),
  ),
  attackOf("import of the host's own memory", "MODULE_REJECTED", {
    ...{ module: bytes.importing("__wray", "memory", bytes.kinds.memory), kernel: "run" },
  }),
  ...["run", "__proto__", "constructor", "hasOwnProperty", "valueOf"].map((kernel) =>
    attackOf("exports by the names of prototypes", "answer", {
      variant: kernel,
      module: names,
      kernel,
      answer: 42,
    }),
  ),
];

export const wireAttacks: readonly Attack[] = [
  ...(
    [
      ["of noise", (random) => bytes.noise(500, random)],
      ["truncated", (random) => bytes.truncated(huge, random)],
      ["with two memories", modules.twoMemories],
      ["with an import of __proto__", bytes.importing("__proto__", "polluted")],
      ["of 17 MiB", bytes.padded(17 * mebibyte)],
      ["with a manifest that is none", bytes.withManifest(loops, [])],
    ] as [string, Attack["module"]][]
  ).map(([what, module]) =>
    attackOf("a module that is none, past the client", ["MODULE_REJECTED", "KERNEL_NOT_FOUND"], {
      ...{ variant: what, module, kernel: "run", by: "wire" },
    }),
  ),
  attackOf("a module under the hash of another, past the client", "MODULE_REJECTED", {
    ...{ module: loops, kernel: "spin", by: "wire", sha256: "5".repeat(64), options: short },
  }),
];

export const manifestAttacks: readonly Attack[] = Object.entries(lies).map(
  ([what, { manifest, kernel, expects }]) =>
    attackOf("a manifest that lies", expects, {
      variant: what,
      module: bytes.withManifest(loops, manifest),
      kernel,
      options: short,
    }),
);
