import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

/** How much of the log is kept for an error. */
const LOG_TAIL_LINES = 50;

/** A server that recovers a large store takes seconds; one that is not ready after so long never will be. */
const READY_TIMEOUT_MS = 30_000;

/**
 * Waits until a nats-server whose stderr is a pipe says that it is ready.
 *
 * @returns The port on which it listens for clients.
 * @throws Error saying how it ended, once it is gone, with the last lines of its log.
 */
export function readyPort(child: ChildProcess & { stderr: NodeJS.ReadableStream }): Promise<number> {
  const log: string[] = [];
  return new Promise((resolve, reject) => {
    let port = 0;
    let failure: string | undefined;
    const timer = setTimeout(() => {
      failure = `was not ready within ${READY_TIMEOUT_MS / 1000} s`;
      child.kill("SIGKILL");
    }, READY_TIMEOUT_MS);
    createInterface({ input: child.stderr }).on("line", (line) => {
      log.push(line);
      if (log.length > LOG_TAIL_LINES) log.shift();
      port = listeningPort(line) ?? port;
      if (!line.endsWith("Server is ready")) return;
      clearTimeout(timer);
      resolve(port);
    });
    child.once("error", (error) => {
      failure = error.message;
    });
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      failure ??= `ended with ${signal ?? `exit code ${code}`} before it was ready`;
      reject(new Error([failure, ...complaints(log)].join("\n  ")));
    });
  });
}

function listeningPort(line: string): number | undefined {
  const match = /Listening for client connections on .*:(\d+)$/.exec(line);
  return match ? Number(match[1]) : undefined;
}

/** What the server did not log as mere information, which is mostly a banner; all of it when that is nothing. */
function complaints(log: string[]): string[] {
  const lines = log.filter((line) => !line.includes("[INF]"));
  return lines.length > 0 ? lines : log;
}
