import { run } from "../../gpu/adapter/run.ts";

const cleanups = new Set<() => void>();

/**
 * Has something cleaned up when this process exits before it did so itself: an uncaught error, `process.exit()`.
 * It must be synchronous.
 *
 * @returns A function that takes it back.
 */
export function atExit(cleanup: () => void): () => void {
  if (cleanups.size === 0) process.on("exit", cleanUp);
  cleanups.add(cleanup);
  return () => {
    cleanups.delete(cleanup);
    if (cleanups.size === 0) process.off("exit", cleanUp);
  };
}

function cleanUp(): void {
  for (const cleanup of cleanups) cleanup();
}

/**
 * What to put before a command so that the kernel kills it when we are killed ourselves and no code of ours runs;
 * empty where there is no way (only Linux has one, through util-linux). A temp folder then stays behind.
 *
 * The signal comes at the end of the *thread* that started the command, so start it from one that lasts.
 */
export async function dieWithParent(): Promise<string[]> {
  const prefix = ["setpriv", "--pdeathsig", "KILL"];
  try {
    await run(prefix[0]!, [...prefix.slice(1), "true"]);
    return prefix;
  } catch {
    return [];
  }
}
