import { ModuleRejectedError } from "../protocol/errors.ts";
import { type Capability, capabilities } from "../protocol/limits.ts";
import type { WasmModule } from "../wasm/module.ts";

const ofNestedCalls = [
  ...["arg_float", "arg_bool", "arg_int", "arg_object", "arg_ref", "submit", "wait", "free"],
  ...["put_float", "put_bool", "put_int", "put_object"],
  ...["emit_float", "emit_bool", "emit_int", "emit_object"],
  ...["take_void", "take_float", "take_bool", "take_int", "take_object"],
];
/** They do nothing for a task that is in no gang: who calls a gang grants them. */
const ofGangs = [
  ...["rank", "size", "barrier", "broadcast", "reduce", "all_reduce", "all_gather", "reduce_scatter"],
  ...["send", "receive_length", "receive"],
];
/** What `console.log`, its siblings and `trace` of AssemblyScript are imported as. */
const ofConsole = [
  ...["console.log", "console.info", "console.debug", "console.warn", "console.error", "trace"],
];

/**
 * Everything that a module may import, all of it functions, each with what a task must be granted before it does
 * anything. There is no file and no network. No name of a module has a dot, so no other pair of names gives the same
 * text.
 */
export const hostImports: ReadonlyMap<string, Capability | undefined> = new Map<
  string,
  Capability | undefined
>([
  ["env.abort", undefined],
  ["env.seed", undefined],
  ["env.Date.now", "clock"],
  ...ofConsole.map((name) => [`env.${name}`, "log"] as const),
  ["wray.random", undefined],
  ["wray.progress", undefined],
  ["wray.log", "log"],
  ["wray.clock", "clock"],
  ...ofGangs.map((name) => [`wray.${name}`, undefined] as const),
  ...ofNestedCalls.map((name) => [`wray.${name}`, "submit"] as const),
]);

/** One import of a module, as its host finds it: `wray.log`. */
export type ImportName = { module: string; name: string };

const textOf = ({ module, name }: ImportName) => `${module}.${name}`;
const isHostImport = (entry: ImportName) => !entry.module.includes(".") && hostImports.has(textOf(entry));

/** @throws ModuleRejectedError naming each import that is not ours to give */
export function checkImports({ imports }: Pick<WasmModule, "imports">, source: string): void {
  const unknown = imports
    .filter((entry) => entry.kind !== "function" || !isHostImport(entry))
    .map((entry) => (entry.kind === "function" ? textOf(entry) : `${textOf(entry)} (a ${entry.kind})`));
  if (unknown.length === 0) return;
  throw new ModuleRejectedError(`${source} imports what no host gives: ${unknown.join(", ")}`, {
    remedy: `A kernel may import the functions ${[...hostImports.keys()].join(", ")}.`,
    data: { imports: unknown },
  });
}

/** What a task of a module with these imports can make use of, in the order of `capabilities`. */
export function capabilitiesOf(imports: readonly ImportName[]): Capability[] {
  const used = new Set(imports.map((entry) => hostImports.get(textOf(entry))));
  return capabilities.filter((capability) => used.has(capability));
}
