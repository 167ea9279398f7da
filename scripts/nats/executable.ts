import { delimiter, isAbsolute } from "node:path";
import { run } from "../../gpu/adapter/run.ts";

/** The first server with all that wray asks of JetStream (object store, KV with direct reads). */
const OLDEST_VERSION = { major: 2, minor: 9 };

/** Debian puts nats-server into /usr/sbin, which is not on the PATH of an ordinary user. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin"];

/** The folders in which an installed nats-server is looked for, in the order of a shell. */
export function searchFolders(env: NodeJS.ProcessEnv): string[] {
  const onPath = (env.PATH ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
  return [...new Set([...onPath, ...SYSTEM_FOLDERS])];
}

/**
 * Runs `<path> --version`, so that nothing is trusted which does not run on this machine.
 *
 * @throws Error saying why this file can't be used.
 */
export async function checkServer(path: string): Promise<void> {
  const printed = (await run(path, ["--version"])).trim();
  const match = /^nats-server: v(\d+)\.(\d+)/.exec(printed);
  if (!match) throw new Error(`${path} --version printed ${JSON.stringify(printed.slice(0, 80))}`);
  const [major, minor] = [Number(match[1]), Number(match[2])];
  if (major !== OLDEST_VERSION.major ? major < OLDEST_VERSION.major : minor < OLDEST_VERSION.minor) {
    throw new Error(
      `${path} is ${major}.${minor}, older than ${OLDEST_VERSION.major}.${OLDEST_VERSION.minor}`,
    );
  }
}
