import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { dieWithParent } from "../nats/lifetime.ts";
import type { Context } from "./suite.ts";

/** Runs the demo until its first task is done, and returns when it says that was, in ms after its start. */
export async function firstTaskOfDemoMs({ start }: Context): Promise<number> {
  const [program, ...args] = [...(await dieWithParent()), process.execPath, "build/scripts/demo.mjs"];
  const child = spawn(program!, [...args, "--iterations", "1"], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const closed = once(child, "close");
  const stop = async () => {
    child.kill("SIGTERM");
    await closed;
  };
  await start(async () => {}, stop);

  const lines: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => lines.push(line));
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    const ms = /first task after (\d+) ms/.exec(line)?.[1];
    if (ms === undefined) continue;
    child.stdout.resume();
    await stop();
    return Number(ms);
  }
  throw new Error(["the demo ended before its first task", ...lines].join("\n  "));
}
