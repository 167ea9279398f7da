import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findNatsServer } from "./find.ts";
import { NatsServer } from "./server.ts";

/** A frozen subscriber stalls those who publish to it for this long; the server's own 10 s is too much for us. */
const BASE_CONFIG = 'write_deadline: "2s"\n';

export type StartNatsServerOptions = {
  /** By default a free one. */
  port?: number;
  /** Where it listens, by default on loopback. */
  address?: string;
  /** Whether JetStream is on, which it is by default. */
  jetstream?: boolean;
  /** JetStream's folder, which is kept; by default one in the temp folder, which goes when the server stops. */
  storeDir?: string;
  /** More text for the configuration file, such as `max_payload: 8MB`. */
  config?: string;
  /** The program to run; by default what `findNatsServer()` gives. */
  executable?: string;
};

/**
 * Starts a nats-server, on loopback unless said otherwise, and waits until it is ready.
 *
 * @throws NatsServerError NATS_SERVER_NOT_FOUND when there is none, NATS_SERVER_START_FAILED, with the last lines
 * of its log, when it does not come up.
 */
export async function startNatsServer({
  port = -1,
  address = "127.0.0.1",
  jetstream = true,
  storeDir,
  config = "",
  executable,
}: StartNatsServerOptions = {}): Promise<NatsServer> {
  const program = executable ?? (await findNatsServer());
  const folder = await mkdtemp(join(tmpdir(), "wray-nats-"));
  const server = new NatsServer({
    executable: program,
    folder,
    storeDir: storeDir ?? join(folder, "jetstream"),
    jetstream,
    address,
    port,
  });
  try {
    await writeFile(join(folder, "nats.conf"), BASE_CONFIG + config);
    await server.restart();
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}
