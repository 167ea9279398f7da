import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A socket that the processes of fixtures connect to: its end is the proof that the process has ended. */
export async function createObserver() {
  const path = join(tmpdir(), "observer.sock");
  const server = createServer();
  const connected = once(server, "connection") as Promise<[Socket]>;
  server.listen(path);
  await once(server, "listening");
  return {
    env: { OBSERVER: path },
    /** Resolves when a process has connected, to what resolves when that process has ended. */
    async appearance(): Promise<{ ended: Promise<unknown> }> {
      const [socket] = await connected;
      socket.resume();
      // A process that is killed may reset its connection; it has ended all the same.
      socket.on("error", () => {});
      return { ended: new Promise((resolve) => socket.once("close", resolve)) };
    },
    close: () => server.close(),
  };
}
