import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { TestEvent } from "./events.ts";
import { processesOf, signal } from "./processes.ts";
import type { FileRun } from "./verdict.ts";

/** What a process that has just ended started may take to end too: a helper that reads the end of its input. */
const graceMs = 1_000;
const pollMs = 20;

export type RunFileOptions = {
  /** The working directory of the process. */
  root: string;
  deadlineMs: number;
  /** Kills the file when it aborts. */
  abort: AbortSignal;
};

/** Runs one built test file in a process group and a temp folder of its own, and leaves neither behind. */
export async function runFile(
  path: string,
  { root, deadlineMs, abort }: RunFileOptions,
): Promise<FileRun & { output: string }> {
  const tempFolder = mkdtempSync(join(tmpdir(), "wray-test-"));
  const child = spawn(process.execPath, ["--enable-source-maps", path], {
    cwd: root,
    env: { ...process.env, TMPDIR: tempFolder },
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const events: TestEvent[] = [];
  const output: Buffer[] = [];
  child.on("message", (event) => events.push(event as TestEvent));
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => output.push(chunk));
  }

  let exceeded: { exceededMs?: number } = {};
  const kill = () => void (child.pid && signal(-child.pid, "SIGKILL"));
  const deadline = setTimeout(() => {
    exceeded = { exceededMs: deadlineMs };
    kill();
  }, deadlineMs);
  abort.addEventListener("abort", kill);
  try {
    await once(child, "spawn");
    const closed = once(child, "close").then(() => true);
    const [exitCode, signalName] = (await once(child, "exit")) as [number | null, string | null];
    const leftProcesses = await endProcesses(child.pid!, tempFolder);
    if (!(await Promise.race([closed, delay(graceMs, false, { ref: false })]))) {
      leftProcesses.push("one that holds its output open");
      child.stdout?.destroy();
      child.stderr?.destroy();
    }
    const leftFiles = readdirSync(tempFolder);
    const text = Buffer.concat(output).toString();
    return { events, exitCode, signal: signalName, ...exceeded, leftProcesses, leftFiles, output: text };
  } finally {
    clearTimeout(deadline);
    abort.removeEventListener("abort", kill);
    rmSync(tempFolder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Waits for the processes of an ended file to end, kills those that don't, and returns their commands. */
async function endProcesses(group: number, tempFolder: string): Promise<string[]> {
  const endMs = performance.now() + graceMs;
  let left = processesOf(group, tempFolder);
  while (left.length > 0 && performance.now() < endMs) {
    await delay(pollMs);
    left = processesOf(group, tempFolder);
  }
  for (const { pid } of left) signal(pid, "SIGKILL");
  return left.map(({ command }) => command);
}
