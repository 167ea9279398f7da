import { type Client, init } from "wray";
import { type Host, startHost } from "../hosts.ts";
import { type NatsServer, startNatsServer } from "../nats/index.ts";
import { startEchoProcess } from "./bare/echo.ts";
import { connectPeer, type Peer } from "./bare/peer.ts";
import { check } from "./measure.ts";
import type { Context } from "./suite.ts";

/** Starts a nats-server and returns its address. */
export const startServer = async (context: Context): Promise<string> => (await natsServer(context)).url;

const natsServer = ({ start, natsServer }: Context): Promise<NatsServer> =>
  start(
    () => startNatsServer({ executable: natsServer }),
    (server) => server.stop(),
  );

/** Starts hosts with one worker each, and an echo process for the baseline. */
export async function startHostsAndEcho(
  { start }: Context,
  servers: string,
  hostCount = 1,
): Promise<{ hosts: Host[]; stop(): Promise<void> }> {
  const hosts: Host[] = [];
  for (let count = 0; count < hostCount; count++) {
    const host = await start(
      () => startHost({ servers }),
      (host) => host.stop(),
    );
    hosts.push(host);
  }
  const echo = await start(
    () => startEchoProcess(servers),
    (echo) => echo.stop(),
  );
  const stop = async () => {
    for (const started of [echo, ...hosts]) await started.stop();
  };
  return { hosts, stop };
}

export type Cluster = {
  wray: Client;
  peer: Peer;
  hosts: Host[];
  server: NatsServer;
  stop(): Promise<void>;
};

/** Starts a server, hosts and an echo process, and connects to them. */
export async function startCluster(context: Context, hostCount = 1): Promise<Cluster> {
  const server = await natsServer(context);
  const { hosts, stop: stopHosts } = await startHostsAndEcho(context, server.url, hostCount);
  const peer = await context.start(
    () => connectPeer(server.url),
    (peer) => peer.stop(),
  );
  const wray = await startClient(context, server.url);
  const stop = async () => {
    await wray.shutdown();
    await peer.stop();
    await stopHosts();
    await server.stop();
  };
  return { wray, peer, hosts, server, stop };
}

/** Joins a cluster; without `servers`, starts a host with one worker inside this process. */
export function startClient({ start }: Context, servers?: string): Promise<Client> {
  return start(
    () => init(servers === undefined ? { cpus: 1 } : { servers }),
    (wray) => wray.shutdown(),
  );
}

/** The empty task: the sum of two numbers, checked. */
export async function emptyTask(wray: Client): Promise<(index: number) => Promise<void>> {
  const add = await wray.remote("math/add");
  // As the baselines, no more promises than it takes.
  return (index) => wray.get(add.remote(index, 1)).then((sum) => check("math/add", sum, index + 1));
}
