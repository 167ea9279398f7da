import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { atExit, dieWithParent } from "./nats/lifetime.ts";

/** A host that finds no server keeps trying; whoever starts one here has a server. */
const JOIN_TIMEOUT_MS = 30_000;
/** A host finishes its tasks before it leaves; one that takes longer is killed. */
const STOP_TIMEOUT_MS = 10_000;

export type StartHostOptions = {
  servers: string;
  cluster?: string;
  cpus?: number;
  /** Whether it is to offer the GPU. Default: not. */
  gpu?: boolean;
  /** More arguments of `wray host`. */
  args?: string[];
};

/** A host process that this process started. It ends with this process at the latest. */
export type Host = {
  id: string;
  process: ChildProcess;
  /** Asks the host to leave and waits until it is gone. */
  stop(): Promise<void>;
  /** Sends a signal, by default SIGKILL, and waits for the end that it brings. */
  kill(signal?: NodeJS.Signals): Promise<void>;
};

/**
 * Starts `wray host` in a process of its own and waits until it has joined.
 * @throws Error with what the host printed, when it does not join
 */
export async function startHost({
  servers,
  cluster,
  cpus = 1,
  gpu = false,
  args = [],
}: StartHostOptions): Promise<Host> {
  const command = [process.execPath, resolve("dist/wray.mjs"), "host", "--servers", servers];
  command.push("--cpus", String(cpus), ...(cluster === undefined ? [] : ["--cluster", cluster]), ...args);
  if (!gpu) command.push("--no-gpu");
  const [program, ...rest] = [...(await dieWithParent()), ...command];
  // In a group of its own, so that Ctrl-C in a terminal reaches only this process, which then stops the host.
  const child = spawn(program!, rest, { stdio: ["ignore", "ignore", "pipe"], detached: true });
  const exited = once(child, "exit").catch(() => {});
  const forget = atExit(() => child.kill("SIGKILL"));
  void exited.then(forget);

  const kill = async (signal: NodeJS.Signals = "SIGKILL") => {
    child.kill(signal);
    if (signal !== "SIGSTOP" && signal !== "SIGCONT") await exited;
  };
  const stop = async () => {
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    child.kill("SIGTERM");
    child.kill("SIGCONT"); // A frozen one would not hear of it.
    await exited;
    clearTimeout(timer);
  };
  try {
    return { id: await joined(child), process: child, stop, kill };
  } catch (error) {
    await kill();
    throw error;
  }
}

/** Waits for the line that says that the host has joined, and reads its id there. */
function joined(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const printed: string[] = [];
    const fail = (why: string) => {
      clearTimeout(timer);
      reject(new Error([`the host ${why}`, ...printed].join("\n  ")));
    };
    const timer = setTimeout(() => fail(`did not join within ${JOIN_TIMEOUT_MS / 1000} s`), JOIN_TIMEOUT_MS);
    const lines = createInterface({ input: child.stderr! });
    lines.on("line", (line) => {
      const id = /^wray host (\S+) joined /.exec(line)?.[1];
      if (id === undefined) return void printed.push(line);
      clearTimeout(timer);
      lines.removeAllListeners("line"); // What it prints later is read and dropped.
      resolve(id);
    });
    child.once("error", (error) => fail(`did not start: ${error.message}`));
    child.once("close", (code, signal) =>
      fail(`ended with ${signal ?? `exit code ${code}`} before it joined`),
    );
  });
}
