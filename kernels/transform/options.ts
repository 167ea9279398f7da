import { createRequire } from "node:module";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import type { Program } from "./compiler.ts";
import { refuse } from "./refuse.ts";

/** What `"wray": { … }` in asconfig.json may say. */
export type WrayOptions = {
  /** `false`: hosts insert no preemption checks into the module. */
  preempt?: false;
};

/** How asc reads a file: by a path relative to a folder; null when there is none. */
export type ReadFile = (path: string, folder: string) => string | null | Promise<string | null>;

/**
 * The options of the asconfig.json in use, or else of the first that it extends and that has any. What is wrong with
 * them is reported.
 */
export async function readOptions(
  program: Program,
  baseDir: string,
  readFile: ReadFile,
): Promise<WrayOptions> {
  const seen = new Set<string>();
  for (let path = configPath(process.argv, baseDir); !seen.has(path); ) {
    seen.add(path);
    const text = await readFile(basename(path), dirname(path));
    if (text === null) break;
    const config = JSON.parse(text); // asc has done so before, and refused what is no object
    if (config.wray !== undefined) return checked(program, config.wray, path);
    if (config.extends === undefined) break;
    path = extendedPath(config.extends, dirname(path));
  }
  return {};
}

/** asc does not tell a transform which file it has read, so this follows the same rule: `--config`, or asconfig.json. */
function configPath(argv: readonly string[], baseDir: string): string {
  const at = argv.findLastIndex((arg) => arg === "--config" || arg.startsWith("--config="));
  const given = argv[at]?.startsWith("--config=") ? argv[at].slice("--config=".length) : argv[at + 1];
  return resolve(baseDir, at < 0 ? "asconfig.json" : (given ?? "asconfig.json"));
}

/** asc's rule for `extends`: what begins with neither a dot nor a slash is found among the packages. */
function extendedPath(extended: string, folder: string): string {
  if (isAbsolute(extended)) return extended;
  if (extended.startsWith(".")) return join(folder, extended);
  return createRequire(join(folder, "asconfig.json")).resolve(extended);
}

function checked(program: Program, given: unknown, path: string): WrayOptions {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    refuse(program, null, `"wray" in ${path} is no object.`, 'Write "wray": {"preempt": false}.');
    return {};
  }
  const { preempt, ...unknown } = given as Record<string, unknown>;
  for (const name of Object.keys(unknown)) {
    refuse(program, null, `"wray" in ${path} has the unknown option '${name}'.`, "It may have preempt.");
  }
  if (preempt !== undefined && typeof preempt !== "boolean") {
    refuse(program, null, `"preempt" in ${path} must be true or false.`, "Leave it out for true.");
  }
  return preempt === false ? { preempt } : {};
}
