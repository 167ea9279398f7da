import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import { readSource } from "../../scheduler/client/read-source.ts";
import { openModule } from "../../scheduler/manifest/read.ts";
import { typings } from "../../scheduler/manifest/typings.ts";
import { ModuleNotFoundError, ModuleRejectedError } from "../../scheduler/protocol/errors.ts";

/**
 * Writes the typings of a module beside it, as `hello.wasm.d.ts`; those of a kernel file in the working directory.
 * @param source a `.wasm`, or a kernel's `.ts`, which is compiled first
 * @param output another path to write to
 * @returns the path of what it wrote
 * @throws ModuleNotFoundError, ModuleRejectedError
 */
export async function writeTypings(source: string, output?: string): Promise<string> {
  const path = output ?? `${source.endsWith(".ts") ? `${basename(source, ".ts")}.wasm` : source}.d.ts`;
  await writeFile(path, source.endsWith(".ts") ? await typingsOfSource(source) : await typingsOf(source));
  return path;
}

async function typingsOf(module: string): Promise<string> {
  const { bytes, name } = await readSource(module);
  return typings((await openModule(bytes, name)).manifest);
}

async function typingsOfSource(source: string): Promise<string> {
  const asc = findAsc(source);
  const folder = await mkdtemp(join(tmpdir(), "wray-types-"));
  try {
    const module = join(folder, "module.wasm");
    await promisify(execFile)(process.execPath, [asc, source, "-o", module, "--noColors"]).catch((cause) => {
      throw new ModuleRejectedError(`asc could not compile ${source}:\n${cause.stderr.trim()}`, {
        remedy: "Mend what asc names.",
        data: { source },
      });
    });
    return await typingsOf(module);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The project's own asc, whose version the kernel was written for. */
function findAsc(source: string): string {
  try {
    return createRequire(resolve("package.json")).resolve("assemblyscript/bin/asc.js");
  } catch (cause) {
    throw new ModuleNotFoundError(`${source} can't be compiled without the package assemblyscript`, {
      remedy: "Run `npm install assemblyscript` in the project and call this there, or give a .wasm.",
      cause,
    });
  }
}
