import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processesOf } from "./processes.ts";
import type { TestContext } from "./suite.ts";

/** Starts a program of this repository in a process group and a temp folder of its own, which end with the test. */
export async function startProcessGroup(
  { after }: TestContext,
  argsIn: (folder: string) => string[],
  env: NodeJS.ProcessEnv = {},
) {
  const folder = await mkdtemp(join(tmpdir(), "wray-program-"));
  after(() => rm(folder, { recursive: true }));
  const child = spawn(process.execPath, argsIn(folder), {
    env: { ...process.env, ...env, TMPDIR: folder },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const group = child.pid!;
  const processes = () => processesOf(group, folder);
  after(() => {
    for (const { pid } of processes()) process.kill(pid, "SIGKILL");
  });
  return {
    child,
    folder,
    /** Its exit code. */
    ended: once(child, "close").then(([code]) => code as number | null),
    processes,
    /** Sends a signal to the whole group, as a terminal does. */
    signal: (name: NodeJS.Signals) => process.kill(-group, name),
    /** The processes and files that are left of it. */
    leftovers: async () => [...processes(), ...(await readdir(folder))],
  };
}
