import { readFile } from "node:fs/promises";
import { ModuleNotFoundError } from "../protocol/errors.ts";

/** Where a module comes from: the path or `file:` URL of a `.wasm` file, or its bytes. */
export type ModuleSource = string | URL | Uint8Array;

/** @throws ModuleNotFoundError when the file can't be read */
export async function readSource(
  source: ModuleSource,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; name: string }> {
  if (source instanceof Uint8Array) return { bytes: Uint8Array.from(source), name: "the module" };
  try {
    return { bytes: Uint8Array.from(await readFile(source)), name: String(source) };
  } catch (error) {
    throw new ModuleNotFoundError(`the module ${source} can't be read: ${(error as Error).message}`, {
      remedy: "Compile it first, as `npx asc kernel.ts -o kernel.wasm`, and check the path.",
      cause: error,
    });
  }
}
