import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** A package list over a slow line takes a minute; a mirror that answers nothing must not hold us for ever. */
const RUN_TIMEOUT_MS = 120_000;

/**
 * Runs a program to its end.
 *
 * @returns What it printed on stdout.
 * @throws Error naming the program, with the last lines it printed on stderr.
 */
export async function run(
  program: string,
  args: string[],
  { cwd, env }: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, args, {
      timeout: RUN_TIMEOUT_MS,
      killSignal: "SIGKILL",
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
    });
    return stdout;
  } catch (error) {
    throw new Error(`${program}: ${reason(error as RunFailure)}`, { cause: error });
  }
}

type RunFailure = Error & { code?: string | number; signal?: string; killed?: boolean; stderr?: string };

function reason({ code, signal, killed, stderr = "", message }: RunFailure): string {
  if (code === "ENOENT") return "no such program";
  if (killed) return `gave no result within ${RUN_TIMEOUT_MS / 1000} s`;
  const said = stderr.trim().split("\n").slice(-3).join(" ").trim();
  if (said !== "") return said;
  if (typeof signal === "string") return `killed by ${signal}`;
  return typeof code === "number" ? `exit code ${code}` : message;
}
