import { readFile } from "node:fs/promises";
import { ModuleNotFoundError } from "../protocol/errors.ts";
import { checkOptionNames } from "./check-options.ts";
import { slimSourceMap } from "./source-map.ts";

/** Where a module comes from: the path or `file:` URL of a `.wasm` file, or its bytes. */
export type ModuleSource = string | URL | Uint8Array;

export type LoadOptions = {
  /** The bytes of the module's source map. Default: those of the file of its name with `.map` added, if there is one. */
  sourceMap?: Uint8Array;
};

export type ReadSource = {
  bytes: Uint8Array<ArrayBuffer>;
  /** What to call it in messages. */
  name: string;
  fileName?: string;
  /** As the cluster keeps it. */
  sourceMap?: Uint8Array;
};

/**
 * @throws ModuleNotFoundError when the file can't be read
 * @throws InvalidTaskError for an unknown option, or when what was given as `sourceMap` is none
 */
export async function readSource(source: ModuleSource, options: LoadOptions = {}): Promise<ReadSource> {
  checkOptionNames("load", options, ["sourceMap"]);
  const sourceMap =
    options.sourceMap === undefined ? await mapBeside(source) : slimSourceMap(options.sourceMap);
  const map = sourceMap === undefined ? {} : { sourceMap };
  if (source instanceof Uint8Array) return { bytes: Uint8Array.from(source), name: "the module", ...map };
  try {
    const name = String(source);
    return { bytes: Uint8Array.from(await readFile(source)), name, fileName: name, ...map };
  } catch (error) {
    throw new ModuleNotFoundError(`the module ${source} can't be read: ${(error as Error).message}`, {
      remedy: "Compile it first, as `npx asc kernel.ts -o kernel.wasm`, and check the path.",
      cause: error,
    });
  }
}

/** The source map beside a file. Nobody asked for it, so what is missing there, or wrong with it, hinders nothing. */
async function mapBeside(source: ModuleSource): Promise<Uint8Array | undefined> {
  if (source instanceof Uint8Array) return undefined;
  const path = source instanceof URL ? new URL(source) : `${source}.map`;
  if (path instanceof URL) path.pathname += ".map";
  try {
    return slimSourceMap(await readFile(path));
  } catch {
    return undefined;
  }
}
