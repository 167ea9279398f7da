import { fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { resolve } from "node:path";
import type { PullOrder, Ready } from "./holder-process.ts";

export type Holder = {
  id: string;
  ready: Ready;
  /** Has a copy pull an object. Returns how many of its bytes are right. */
  pull(order: PullOrder): Promise<number>;
  stop(): Promise<void>;
};

/** Starts a process that holds an object of so many bytes, or is about to. */
export async function startHolder(
  servers: string,
  id: string,
  byteCount: number,
  kind: "origin" | "copy",
): Promise<Holder> {
  const program = resolve("build/scripts/bench/bare/holder-process.mjs");
  const child = fork(program, [servers, id, String(byteCount), kind], { detached: true });
  const exited = once(child, "exit");
  const answer = async <T>() => {
    const failed = exited.then(([code]) => {
      throw new Error(`the holder ${id} ended with exit code ${code}`);
    });
    return ((await Promise.race([once(child, "message"), failed])) as [T])[0];
  };
  return {
    id,
    ready: await answer<Ready>(),
    pull(order) {
      child.send(order);
      return answer<number>();
    },
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Reads as many bytes as there is memory for from a raw socket, straight into the memory. */
export function readRaw(where: { path: string } | { port: number }, memory: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    let offset = 0;
    const socket = connect({
      ...where,
      onread: {
        buffer: () => memory.subarray(offset),
        callback(byteCount) {
          offset += byteCount;
          if (offset < memory.byteLength) return true;
          socket.destroy();
          resolve();
          return false;
        },
      },
    });
    socket.on("error", reject);
  });
}
