import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { wrayCache } from "../../../gpu/adapter/cache-folder.ts";
import { unpackDebianPackage } from "../../../gpu/adapter/debian.ts";
import { run } from "../../../gpu/adapter/run.ts";

export type Chromium = { program: string; env: NodeJS.ProcessEnv };
export type FoundChromium = ({ isFound: true } & Chromium) | { isFound: false; reasons: string[] };

type FindOptions = {
  onProgress?: (line: string) => void;
  /** Where an installed one is looked for. */
  folders?: string[];
  /** Where one that we unpack is kept. */
  cache?: string;
  unpack?: (folder: string) => Promise<string>;
};

const names = ["chromium-headless-shell", "chromium", "google-chrome"];

/**
 * A Chromium that runs on this machine: an installed one, else the one in our cache folder, else Debian's package for programs,
 * which is unpacked there. That needs no rights and changes nothing else. Never throws.
 */
export async function findChromium({
  onProgress = () => {},
  folders = (process.env.PATH ?? "").split(delimiter),
  cache = join(wrayCache(process.env), "chromium"),
  unpack = (folder) => unpackDebianPackage("chromium-headless-shell", folder, { withMissing: true }),
}: FindOptions = {}): Promise<FoundChromium> {
  const reasons: string[] = [];
  const tryOut = async (chromium: Chromium): Promise<FoundChromium | undefined> => {
    try {
      await run(chromium.program, ["--version"], { env: chromium.env });
      return { isFound: true, ...chromium };
    } catch (error) {
      reasons.push(`${chromium.program}: ${(error as Error).message}`);
      return undefined;
    }
  };
  const installed = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  for (const program of installed.filter((path) => existsSync(path))) {
    const found = await tryOut({ program, env: process.env });
    if (found !== undefined) return found;
  }
  if (existsSync(cache)) {
    const found = await tryOut(await unpacked(cache));
    if (found !== undefined) return found;
  }
  onProgress(`chromium: unpacking Debian's chromium-headless-shell into ${cache}`);
  try {
    await install(unpack, cache);
    const found = await tryOut(await unpacked(cache));
    if (found !== undefined) return found;
  } catch (error) {
    reasons.push((error as Error).message);
  }
  return { isFound: false, reasons };
}

/** Other processes see all of it or nothing. */
async function install(unpack: (folder: string) => Promise<string>, cache: string): Promise<void> {
  await mkdir(dirname(cache), { recursive: true, mode: 0o700 });
  const work = await mkdtemp(join(dirname(cache), ".unpack-"));
  try {
    const root = await unpack(work);
    await rm(cache, { recursive: true, force: true });
    // One that others have put there meanwhile is as good.
    await rename(root, cache).catch(() => {});
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The program in a folder that stands for `/`, with the libraries that are there: some look for each other by absolute paths. */
async function unpacked(root: string): Promise<Chromium> {
  const libraries = new Set<string>();
  for (const entry of await readdir(join(root, "usr/lib"), { recursive: true, withFileTypes: true })) {
    if (entry.name.includes(".so")) libraries.add(entry.parentPath);
  }
  const env = { ...process.env, LD_LIBRARY_PATH: [...libraries].join(delimiter) };
  return { program: join(root, "usr/lib/chromium/chromium-headless-shell"), env };
}
