import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { readManifest, sha256Of } from "../../scheduler/manifest/read.ts";
import type { Manifest } from "../../scheduler/protocol/manifest.ts";
import { parseModule } from "../../scheduler/wasm/parse.ts";

/** The repository, wherever the bundle of this file lies. */
export const root = dirname(fileURLToPath(import.meta.resolve("wray/package.json")));

/** Where a test's kernels are: relative to the repository, as a user would write it. */
export const fixtures = "tests/kernels/fixtures";

export type Compilation = { exitCode: number | null; stderr: string };

/** Runs `npx asc …`, less npx, in `folder`. */
export async function asc(args: readonly string[], folder = root): Promise<Compilation> {
  const child = spawn(join(folder, "node_modules/.bin/asc"), [...args, "--noColors"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const closed = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  const [stderr, exitCode] = await Promise.all([text(child.stderr), closed]);
  return { exitCode, stderr };
}

export type Compiled = { wasm: WebAssembly.Module; manifest: Manifest; wat: string };

/** Compiles a kernel file that is expected to compile, outside the repository. */
export async function compile(
  entry: string,
  flags: readonly string[] = [],
  folder = root,
): Promise<Compiled> {
  const output = await mkdtemp(join(tmpdir(), "wray-asc-"));
  try {
    const [binary, wat] = [join(output, "module.wasm"), join(output, "module.wat")];
    const { exitCode, stderr } = await asc([entry, "-o", binary, "-t", wat, ...flags], folder);
    if (exitCode !== 0) throw new Error(`asc ${entry} ended with ${exitCode}:\n${stderr}`);
    const bytes = Uint8Array.from(await readFile(binary));
    const wasm = new WebAssembly.Module(bytes);
    const manifest = readManifest(parseModule(bytes), entry, { sha256: await sha256Of(bytes) });
    return { wasm, manifest, wat: await readFile(wat, "utf8") };
  } finally {
    await rm(output, { recursive: true });
  }
}
