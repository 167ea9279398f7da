import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
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

/** Compiles a kernel file that is expected to compile; in a project of its own when `folder` is one. */
export async function compile(
  entry: string,
  flags: readonly string[] = [],
  folder = root,
): Promise<Compiled> {
  const binary = await compileOnce(entry, flags, folder);
  const bytes = Uint8Array.from(await readFile(binary));
  const wasm = new WebAssembly.Module(bytes);
  const manifest = readManifest(parseModule(bytes), entry, { sha256: await sha256Of(bytes) });
  return { wasm, manifest, wat: await readFile(binary.replace(/wasm$/, "wat"), "utf8") };
}

/**
 * The path of the module that `asc` makes of a kernel file. It takes seconds, and several tests need the same one, so
 * what was made of the same sources by the same flags is used again. Beside it are its text, its source map and its
 * typings.
 */
export async function compileOnce(
  entry: string,
  flags: readonly string[] = [],
  folder = root,
): Promise<string> {
  const kept = join(root, "build/compiled", await fingerprint(entry, flags, folder));
  const [output, binary] = [`${kept}.${process.pid}`, join(kept, "module.wasm")];
  if (existsSync(binary)) return binary;
  try {
    const paths = ["-o", join(output, "module.wasm"), "-t", join(output, "module.wat")];
    const { exitCode, stderr } = await asc([entry, ...paths, ...flags], folder);
    if (exitCode !== 0) throw new Error(`asc ${entry} ended with ${exitCode}:\n${stderr}`);
    // Another test may have been first.
    await rename(output, kept).catch(() => {});
  } finally {
    await rm(output, { recursive: true, force: true });
  }
  return binary;
}

/** Differs whenever the module may: of all that a kernel file could import, of the transform, and of the options. */
async function fingerprint(entry: string, flags: readonly string[], folder: string): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([entry, flags, folder]));
  const config = flags[flags.indexOf("--config") + 1];
  const files = ["asconfig.json", ...(flags.includes("--config") ? [config!] : [])].map((name) =>
    resolve(folder, name),
  );
  files.push(join(root, "dist/transform.mjs"));
  for (const place of [
    dirname(resolve(folder, entry)),
    join(root, "kernels"),
    join(root, "tests/kernels/fixtures"),
  ]) {
    const names = (await readdir(place, { recursive: true })).filter((name) => name.endsWith(".ts")).sort();
    files.push(...names.map((name) => join(place, name)));
  }
  for (const file of files) hash.update(file).update(await readFile(file).catch(() => ""));
  return hash.digest("hex").slice(0, 16);
}
