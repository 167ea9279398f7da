import { fork } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";

export type EchoProcess = { stop(): Promise<void> };

/** Starts a process that has nothing but a NATS connection, and waits until that is there. */
export async function startEchoProcess(servers: string): Promise<EchoProcess> {
  // In a group of its own, so that Ctrl-C in a terminal reaches only this process, which then stops it.
  const child = fork(resolve("build/scripts/bench/bare/echo-process.mjs"), [servers], { detached: true });
  const exited = once(child, "exit");
  await Promise.race([
    once(child, "message"),
    exited.then(([code]) => {
      throw new Error(`the echo process ended with exit code ${code}`);
    }),
  ]);
  return {
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
