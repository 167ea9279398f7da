import { type Program, type Range, transformDiagnostic } from "./compiler.ts";

/**
 * Makes `asc` fail with this message and a pointer into the source; compilation goes on to the end of the
 * transform, so that every fault is told at once.
 */
export function refuse(program: Program, range: Range | null, reason: string, remedy: string): void {
  program.error(transformDiagnostic, range, "wray", `${reason} ${remedy}`);
}
