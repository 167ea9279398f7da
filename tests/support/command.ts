import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "./suite.ts";

export type Ended = { code: number | null; signal: NodeJS.Signals | null };

export type Command = {
  process: ChildProcess;
  /** What it has printed so far, on stdout and stderr. */
  text(): string;
  /** Waits for a line that matches, among those printed before, too; fails when the command ends without one. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves when it has ended and all it printed has been read. */
  ended: Promise<Ended>;
};

export type CommandOptions = {
  file?: string;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** A command that runs it, such as `ip netns exec …`. */
  by?: readonly string[];
};

/** Starts `wray …`, or another script, in a process of its own, which is killed when the test has ended. */
export function startCommand(
  t: Pick<TestContext, "after">,
  args: readonly string[],
  { file = "dist/wray.mjs", cwd, env, by = [] }: CommandOptions = {},
): Command {
  const [program, ...others] = [...by, process.execPath, resolve(file), ...args];
  const child = spawn(program!, others, {
    stdio: ["pipe", "pipe", "pipe"],
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
  });
  const lines: string[] = [];
  const waiting = new Set<(line: string) => void>();
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on("line", (line) => {
      lines.push(line);
      for (const look of waiting) look(line);
    });
  }
  const text = () => lines.join("\n");
  const ended = once(child, "close").then(([code, signal]): Ended => ({ code, signal }));
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const printed = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((found, fail) => {
      const look = (line: string) => {
        const match = pattern.exec(line);
        if (match === null) return;
        waiting.delete(look);
        found(match);
      };
      waiting.add(look);
      for (const line of lines) look(line);
      void ended.then(({ code, signal }) =>
        fail(new Error(`it ended with ${signal ?? code} and has not printed ${pattern}:\n${text()}`)),
      );
    });
  return { process: child, text, printed, ended };
}
