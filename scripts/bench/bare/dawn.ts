import { fork } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import type { ChildSetup } from "../../../gpu/wire/messages.ts";
import type { DawnRequest } from "./dawn-process.ts";

export type BareDawn = {
  /** How long each of so many takes, in ms. */
  measure(request: DawnRequest): Promise<number[]>;
  stop(): Promise<void>;
};

/** Starts a process that calls Dawn by itself, and waits until it has a device. */
export async function startBareDawn(setup: ChildSetup): Promise<BareDawn> {
  const path = resolve("build/scripts/bench/bare/dawn-process.mjs");
  // In a group of its own, so that Ctrl-C in a terminal reaches only this process, which then stops it.
  const child = fork(path, [JSON.stringify(setup)], { detached: true });
  const exited = once(child, "exit");
  const answer = () =>
    Promise.race([
      once(child, "message").then(([message]) => message),
      exited.then(([code]) => {
        throw new Error(`the process of bare Dawn ended with exit code ${code}`);
      }),
    ]);
  await answer();
  return {
    measure(request) {
      child.send(request);
      return answer() as Promise<number[]>;
    },
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
