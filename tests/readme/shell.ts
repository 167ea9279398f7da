import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import type { TestContext } from "../support/index.ts";

export type ShellOptions = {
  cwd: string;
  /** npm's cache, which is empty: nothing comes from there, nor from the network. */
  npmCache: string;
};

/** Runs a command line to its end and returns what it printed on stdout. @throws Error when it fails, with its stderr */
export async function run(command: string, options: ShellOptions): Promise<string> {
  const child = shell(command, options);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, "close"),
  ]);
  if (code !== 0) throw new Error(`\`${command}\` ended with ${code}:\n${stderr}${stdout}`);
  return stdout;
}

export type Started = {
  /** Waits for a line on stderr that matches. */
  printed(pattern: RegExp): Promise<string>;
  /** Sends SIGTERM to all that the command started, as a terminal does with SIGINT, and waits for the end. */
  stop(): Promise<void>;
};

/** Starts a command line that goes on until it is stopped. */
export function start(t: Pick<TestContext, "after">, command: string, options: ShellOptions): Started {
  const child = shell(command, options);
  const closed = once(child, "close");
  const signal = (name: NodeJS.Signals) => child.exitCode ?? process.kill(-child.pid!, name);
  t.after(async () => {
    try {
      signal("SIGKILL");
    } catch {} // It has ended.
    await closed;
  });
  const lines: string[] = [];
  const stderr = createInterface({ input: child.stderr! }).on("line", (line) => lines.push(line));
  const printed = async (pattern: RegExp) => {
    const isWanted = (line: string) => pattern.test(line);
    const end = new AbortController();
    void closed.then(() => end.abort(new Error(`\`${command}\` ended:\n${lines.join("\n")}`)));
    while (!lines.some(isWanted)) await once(stderr, "line", { signal: end.signal });
    return lines.find(isWanted)!;
  };
  const stop = async () => {
    signal("SIGTERM");
    await closed;
  };
  return { printed, stop };
}

/** In a group of its own, since npx starts further processes. */
const shell = (command: string, { cwd, npmCache }: ShellOptions): ChildProcess =>
  spawn("sh", ["-c", command], {
    cwd,
    env: {
      ...process.env,
      npm_config_cache: npmCache,
      npm_config_offline: "true",
      npm_config_update_notifier: "false",
    },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
