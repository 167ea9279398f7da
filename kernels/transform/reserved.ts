import type { File, Program } from "./compiler.ts";
import { refuse } from "./refuse.ts";

/**
 * Refuses exports whose names the module needs for itself, before compilation, which would crash on some of
 * them. The export is dropped, so that compilation reaches the end and tells of it.
 */
export function refuseReservedNames(program: Program, file: File): void {
  for (const [name, { identifierNode }] of file.exports ?? []) {
    if (name !== "memory" && name !== "table" && !name.startsWith("__")) continue;
    refuse(
      program,
      identifierNode.range,
      `The name '${name}' belongs to the module itself.`,
      "Choose another name.",
    );
    file.exports?.delete(name);
  }
  for (const other of file.exportsStar ?? []) refuseReservedNames(program, other);
}
