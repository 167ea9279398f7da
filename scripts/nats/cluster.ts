import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "nats";
import { findNatsServer } from "./find.ts";
import { startNatsServer } from "./launch.ts";
import type { NatsServer } from "./server.ts";

/** Servers elect within some seconds. */
const readyTimeoutMs = 30_000;
const retryMs = 50;

/** Servers on loopback that are one. */
export type NatsCluster = {
  servers: NatsServer[];
  /** What clients connect to: any of them. */
  url: string;
  /** Waits until all servers are part of JetStream, and it has a leader. */
  ready(): Promise<void>;
  stop(): Promise<void>;
};

/**
 * Starts servers with JetStream that form a cluster, and waits until that is ready.
 * @throws NatsServerError when one does not come up, Error when they do not agree
 */
export async function startNatsCluster({
  size = 3,
  executable,
}: {
  size?: number;
  executable?: string;
} = {}): Promise<NatsCluster> {
  const program = executable ?? (await findNatsServer());
  const ports = await freePorts(size);
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`).join(", ");
  const starts = await Promise.allSettled(
    ports.map((port, index) =>
      startNatsServer({
        executable: program,
        config:
          `server_name: n${index + 1}\n` +
          `cluster { name: wray, listen: "127.0.0.1:${port}", routes: [${routes}] }\n`,
      }),
    ),
  );
  const servers = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  const cluster: NatsCluster = {
    servers,
    url: servers.map(({ url }) => url).join(","),
    ready: () => agreed(servers),
    stop: async () => void (await Promise.all(servers.map((server) => server.stop()))),
  };
  try {
    for (const start of starts) if (start.status === "rejected") throw start.reason;
    await cluster.ready();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** Waits until JetStream can keep three replicas: a stream with as many as there are servers can be made. */
async function agreed(servers: readonly NatsServer[]): Promise<void> {
  const untilMs = performance.now() + readyTimeoutMs;
  const connection = await connect({ servers: servers.map(({ url }) => url), maxReconnectAttempts: -1 });
  try {
    while (true) {
      try {
        const manager = await connection.jetstreamManager({ timeout: 1_000 });
        const config = { name: "ready", subjects: ["ready"], num_replicas: servers.length };
        await manager.streams.add(config);
        const { cluster } = await manager.streams.info(config.name);
        await manager.streams.delete(config.name);
        if (cluster?.replicas?.every(({ current }) => current)) return;
      } catch (error) {
        if (performance.now() > untilMs) throw error;
      }
      await delay(retryMs);
    }
  } finally {
    await connection.close();
  }
}

/** Ports that nobody listens at: all servers have to know those of all before the first one starts. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
