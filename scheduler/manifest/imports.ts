import { ModuleRejectedError } from "../protocol/errors.ts";

/** Everything that a module may import. There is no clock, no randomness, no file and no network. */
const allowed = new Set(["env.abort", "wray.log"]);

/** @throws ModuleRejectedError naming each import that is not ours to give */
export function checkImports(wasm: WebAssembly.Module, source: string): void {
  const unknown = WebAssembly.Module.imports(wasm)
    .map((entry) => `${entry.module}.${entry.name}`)
    .filter((entry) => !allowed.has(entry));
  if (unknown.length === 0) return;
  throw new ModuleRejectedError(`${source} imports what no host gives: ${unknown.join(", ")}`, {
    remedy: `A kernel may import ${[...allowed].join(" and ")}; Math.random, Date and console are not there.`,
    data: { imports: unknown },
  });
}
