import { ModuleRejectedError } from "../protocol/errors.ts";
import { type Capability, capabilities } from "../protocol/limits.ts";
import type { WasmModule } from "../wasm/module.ts";

/**
 * Everything that a module may import, all of it functions, each with what a task must be granted before it does
 * anything. There is no file and no network. In none of these names the module or the function has a dot, so no
 * other pair of names gives the same text.
 */
export const hostImports: ReadonlyMap<string, Capability | undefined> = new Map([
  ["env.abort", undefined],
  ["env.seed", undefined],
  ["wray.log", "log"],
  ["wray.clock", "clock"],
  ["wray.random", undefined],
  ["wray.progress", undefined],
]);

/** One import of a module, as its host finds it: `wray.log`. */
export type ImportName = { module: string; name: string };

const textOf = ({ module, name }: ImportName) => `${module}.${name}`;

/** @throws ModuleRejectedError naming each import that is not ours to give */
export function checkImports({ imports }: Pick<WasmModule, "imports">, source: string): void {
  const unknown = imports
    .filter((entry) => entry.kind !== "function" || !hostImports.has(textOf(entry)))
    .map((entry) => (entry.kind === "function" ? textOf(entry) : `${textOf(entry)} (a ${entry.kind})`));
  if (unknown.length === 0) return;
  throw new ModuleRejectedError(`${source} imports what no host gives: ${unknown.join(", ")}`, {
    remedy: `A kernel may import the functions ${[...hostImports.keys()].join(", ")}; Date and console are not there.`,
    data: { imports: unknown },
  });
}

/** What a task of a module with these imports can make use of, in the order of `capabilities`. */
export function capabilitiesOf(imports: readonly ImportName[]): Capability[] {
  const used = new Set(imports.map((entry) => hostImports.get(textOf(entry))));
  return capabilities.filter((capability) => used.has(capability));
}
