import { type Element, type File, type Program, userEntry } from "./compiler.ts";
import { refuse } from "./refuse.ts";

/** The one source file that was given to `asc`; its exports are the kernels. */
export function entryFile(program: Program): File | undefined {
  const entries = program.sources.filter(
    ({ sourceKind, normalizedPath }) => sourceKind === userEntry && !normalizedPath.startsWith("~lib/"),
  ); // the runtime is an entry too
  const [entry, second] = entries;
  if (entry === undefined) return undefined; // asc has said so
  if (second !== undefined) {
    refuse(
      program,
      second.range,
      `A module has one entry file, and asc was given ${entries.length}: ${entries.map(({ normalizedPath }) => normalizedPath).join(", ")}.`,
      "Compile each by its own call of asc, or export what is needed from one of them.",
    );
    return undefined;
  }
  return program.filesByName.get(entry.internalPath);
}

/** What a file exports, with what it passes on from others by `export *`. The first of a name wins. */
export function exportsOf(file: File, found = new Map<string, Element>()): Map<string, Element> {
  for (const [name, element] of file.exports ?? []) {
    if (!found.has(name)) found.set(name, element);
  }
  for (const other of file.exportsStar ?? []) exportsOf(other, found);
  return found;
}

/** Takes back a name that a file exports. */
export function withdraw(file: File, name: string): void {
  file.exports?.delete(name);
  for (const other of file.exportsStar ?? []) withdraw(other, name);
}
