import { existsSync } from "node:fs";
import { join } from "node:path";
import { officialArchive } from "./archive.ts";
import { cachedServer, cacheFolder, type Installer, install } from "./cache.ts";
import { debianPackage } from "./debian.ts";
import { messageOf, NatsServerError } from "./error.ts";
import { checkServer, searchFolders } from "./executable.ts";

export type FindNatsServerOptions = {
  /** Called with a line for the user before each step that takes time. */
  onProgress?: (line: string) => void;
  /** Where an installed server is looked for, by default the PATH and the folders for system programs. */
  folders?: string[];
  /** Where one that we install is kept. */
  cache?: string;
  /** What to install from, in this order, when there is no server yet. */
  installers?: Installer[];
};

/**
 * Gives a nats-server that runs on this machine: an installed one, else the one in our cache folder, else it
 * installs one there. Nothing outside that folder changes and no rights are needed.
 *
 * @returns The absolute path of the executable.
 * @throws NatsServerError NATS_SERVER_NOT_FOUND, listing everything that was tried.
 */
export async function findNatsServer({
  onProgress = () => {},
  folders = searchFolders(process.env),
  cache = cacheFolder(process.env),
  installers = [debianPackage, officialArchive()],
}: FindNatsServerOptions = {}): Promise<string> {
  const failures: string[] = [];
  const places = [...folders.map((folder) => join(folder, "nats-server")), cachedServer(cache)];
  const present = places.filter((path) => existsSync(path));
  if (present.length === 0) failures.push(`not in any of ${[...folders, cache].join(", ")}`);
  for (const path of present) {
    try {
      await checkServer(path);
      return path;
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  for (const installer of installers) {
    onProgress(`nats-server: installing ${installer.title} into ${cache}`);
    try {
      return await install(installer, cache);
    } catch (error) {
      failures.push(`${installer.title}: ${messageOf(error)}`);
    }
  }
  throw new NatsServerError("NATS_SERVER_NOT_FOUND", describe(failures));
}

const describe = (failures: string[]): string =>
  [
    "no nats-server could be found or installed:",
    ...failures.map((failure) => `  - ${failure}`),
    "Put nats-server 2.9 or later on the PATH, from https://github.com/nats-io/nats-server/releases or with",
    "`sudo apt-get install nats-server` (which also starts a service on port 4222).",
  ].join("\n");
