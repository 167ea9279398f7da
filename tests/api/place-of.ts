import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../kernels/asc.ts";

/** The line and column from 1 at which a text is in a file of the repository; it must be there once. */
export function placeOf(file: string, text: string): { file: string; line: number; column: number } {
  const [before, ...after] = readFileSync(join(root, file), "utf8").split(text);
  if (before === undefined || after.length !== 1)
    throw new Error(`${file} has ${after.length} times ${text}`);
  const lines = before.split("\n");
  return { file, line: lines.length, column: lines.at(-1)!.length + 1 };
}
