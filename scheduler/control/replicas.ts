import type { JetStreamManager, NatsConnection, NatsError } from "nats";

/** With three, any one server may be away; with more, each write would wait for more of them. */
const mostReplicas = 3;
/** The server's words for replicas that there are no servers for: no peers, no resources, no cluster. */
const tooFewServers = [10_005, 10_023, 10_074];

/**
 * Makes something with as many replicas as there are servers for it, at most three. That is tried rather than counted: a
 * client is told neither how many servers there are nor which of them have JetStream.
 */
export async function replicated<T>(
  connection: NatsConnection,
  make: (replicas: number) => Promise<T>,
): Promise<T> {
  for (let replicas = wantedReplicas(connection); ; replicas--) {
    try {
      return await make(replicas);
    } catch (error) {
      if (replicas === 1 || !lacksServers(error)) throw error;
    }
  }
}

/**
 * Gives streams the replicas that they could not have when they were made, as while other servers were still to come.
 * What can't be done now is done by the next one who opens them.
 */
export async function addReplicas(
  connection: NatsConnection,
  manager: JetStreamManager,
  streams: readonly string[],
): Promise<void> {
  const wanted = wantedReplicas(connection);
  if (wanted === 1) return;
  await Promise.all(
    streams.map(async (name) => {
      const { config } = await manager.streams.info(name);
      if (config.num_replicas < wanted) await manager.streams.update(name, { num_replicas: wanted });
    }),
  ).catch(() => {});
}

/** A server that belongs to no cluster does not name one. */
const wantedReplicas = ({ info }: NatsConnection): number => (info?.cluster === undefined ? 1 : mostReplicas);

const lacksServers = (error: unknown): boolean =>
  tooFewServers.includes((error as NatsError).api_error?.err_code ?? 0);
