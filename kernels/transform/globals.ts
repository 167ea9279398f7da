import type { Binaryen, BinaryenModule, Program } from "./compiler.ts";
import { refuse } from "./refuse.ts";

const prefix = "__wray_global_";

/**
 * Exports every mutable global, the runtime's own among them, so that a host can put an instance back to the
 * state it had before a task. It runs before optimisation, which keeps what is exported.
 * @returns the names of the exports
 */
export function exportGlobals(program: Program, module: BinaryenModule, binaryen: Binaryen): string[] {
  const names: string[] = [];
  for (let index = 0; index < module.getNumGlobals(); index++) {
    const { name, type, mutable } = binaryen.getGlobalInfo(module.getGlobalByIndex(index));
    if (!mutable) continue;
    if (type === binaryen.v128) {
      const range = program.elementsByName.get(name)?.identifierNode.range ?? null;
      refuse(
        program,
        range,
        `The variable '${range ?? name}' holds a SIMD vector between tasks, which a host can neither read nor reset.`,
        "Keep it in memory, as a StaticArray, or inside a function.",
      );
      continue;
    }
    const exportName = `${prefix}${names.length}`;
    program.module.addGlobalExport(name, exportName);
    names.push(exportName);
  }
  return names;
}
