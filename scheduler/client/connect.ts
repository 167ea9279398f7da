import type { ServerOptions } from "../bus/credentials.ts";
import { natsBus } from "../bus/nats.ts";
import { jetstreamControl } from "../control/jetstream.ts";
import { randomId } from "../protocol/ids.ts";
import { subjectsOf } from "../protocol/subjects.ts";
import { Client } from "./client.ts";

/** The cluster that is meant when none is named. */
export const defaultCluster = "default";
export const defaultInfeasibleAfterMs = 10_000;

export type ClientOptions = {
  /** The cluster's name: letters, digits, `_` and `-`. Default "default". */
  cluster?: string;
  /** How long a task waits for a host to join that can run it, before it fails. Default 10,000. */
  infeasibleAfterMs?: number;
};

/**
 * Joins a cluster as a client that brings no workers.
 * @throws ConnectionError, AuthenticationError
 */
export async function connect({
  cluster = defaultCluster,
  infeasibleAfterMs = defaultInfeasibleAfterMs,
  ...server
}: ClientOptions & ServerOptions): Promise<Client> {
  const subjects = subjectsOf(cluster);
  const bus = await natsBus(server, `client-${randomId(6)}`);
  try {
    const control = await jetstreamControl(bus.connection, cluster);
    return await Client.connect({ bus, control, subjects, infeasibleAfterMs, onShutdown: () => bus.close() });
  } catch (error) {
    await bus.close();
    throw error;
  }
}
