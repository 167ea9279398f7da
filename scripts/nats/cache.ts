import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { wrayCache } from "../../gpu/adapter/cache-folder.ts";
import { checkServer } from "./executable.ts";
import { atExit } from "./lifetime.ts";

/** A way to get nats-server without touching the system. */
export type Installer = {
  /** What it installs from, for progress and errors. */
  title: string;
  /** Gets the server into this empty folder, and gives the path of the executable there. */
  unpack(folder: string): Promise<string>;
};

const WORK_PREFIX = ".unpack-";

/** A work folder this old was left by a process that was killed: no installation takes so long. */
const STALE_WORK_MS = 3_600_000;

/** Where a server that we install is kept: `$XDG_CACHE_HOME/wray/nats-server`, by default below `~/.cache`. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  return join(wrayCache(env), "nats-server");
}

/** The path of the server in this cache folder, whether it is there or not. */
export const cachedServer = (cache: string): string => join(cache, "nats-server");

/**
 * Installs a server into the cache folder. It is unpacked and tried out in a work folder and then renamed over
 * whatever is there, so other processes see the old file or the whole new one, and several may install at once.
 *
 * @returns The path of the server.
 */
export async function install({ unpack }: Installer, cache: string): Promise<string> {
  await mkdir(cache, { recursive: true, mode: 0o700 });
  await removeStaleWork(cache);
  const work = await mkdtemp(join(cache, WORK_PREFIX));
  const forget = atExit(() => rmSync(work, { recursive: true, force: true }));
  try {
    const unpacked = await unpack(work);
    await checkServer(unpacked);
    await rename(unpacked, cachedServer(cache));
    return cachedServer(cache);
  } finally {
    await rm(work, { recursive: true, force: true });
    forget();
  }
}

async function removeStaleWork(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(WORK_PREFIX)) continue;
    const path = join(cache, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs > STALE_WORK_MS) await rm(path, { recursive: true, force: true });
  }
}
