import { basename, dirname, resolve } from "node:path";

/** What of an asconfig.json may say where the module goes. */
type Config = { options?: Options; targets?: Record<string, Options | undefined> };
type Options = { outFile?: string };

/**
 * Where `asc` writes the module, which it does not tell a transform: where its command line says, or the project's
 * asconfig.json. An `outFile` that this one inherits is not seen.
 * @param argv node, the script, its arguments
 * @param baseDir what paths of the command line are relative to
 * @param readFile the text of a file, or null when there is none
 * @returns an absolute path, or undefined when no module is written, or it is not asc's own command that runs
 */
export async function outputPath(
  argv: readonly string[],
  baseDir: string,
  readFile: (path: string, baseDir: string) => Promise<string | null> | string | null,
): Promise<string | undefined> {
  const [, script = "", ...args] = argv;
  if (!/^asc(\.js)?$/.test(basename(script)) || args.includes("--noEmit")) return undefined;
  const given = optionOf(args, "-o") ?? optionOf(args, "--outFile");
  if (given !== undefined) return moduleAt(baseDir, given);
  const configPath = resolve(baseDir, optionOf(args, "--config") ?? "asconfig.json");
  const text = await readFile(basename(configPath), dirname(configPath));
  const { options, targets }: Config = text === null ? {} : JSON.parse(text);
  const configured = targets?.[optionOf(args, "--target") ?? "release"]?.outFile ?? options?.outFile;
  return configured === undefined ? undefined : moduleAt(dirname(configPath), configured);
}

/** The value of an option, as `--name value` or `--name=value`; "" when it has none. */
function optionOf(args: readonly string[], name: string): string | undefined {
  const index = args.findIndex((arg) => arg === name || arg.startsWith(`${name}=`));
  const option = args[index];
  if (option === undefined) return undefined;
  if (option !== name) return option.slice(name.length + 1);
  const next = args[index + 1];
  return next === undefined || next.startsWith("-") ? "" : next;
}

/** An output without a name is stdout. */
const moduleAt = (folder: string, file: string) => (file === "" ? undefined : resolve(folder, file));
