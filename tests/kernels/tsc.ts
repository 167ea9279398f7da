import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { root } from "./asc.ts";

/** Runs the repository's own `tsc …` in a folder. */
export async function tsc(
  args: readonly string[],
  folder: string,
): Promise<{ exitCode: number | null; stdout: string }> {
  const child = spawn(join(root, "node_modules/.bin/tsc"), ["--pretty", "false", ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  const stdout = await text(child.stdout);
  const [exitCode] = await closed;
  return { exitCode, stdout };
}
