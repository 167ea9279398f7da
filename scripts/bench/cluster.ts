import { type Client, init } from "wray";
import { startHost } from "../hosts.ts";
import { startNatsServer } from "../nats/index.ts";
import { startEchoProcess } from "./bare/echo.ts";
import { connectPeer, type Peer } from "./bare/peer.ts";
import { check } from "./measure.ts";
import type { Context } from "./suite.ts";

/** Starts a nats-server and returns its address. */
export async function startServer({ start, natsServer }: Context): Promise<string> {
  const { url } = await start(
    () => startNatsServer({ executable: natsServer }),
    (server) => server.stop(),
  );
  return url;
}

/** Starts one host with one worker, and an echo process for the baseline. */
export async function startHostAndEcho({ start }: Context, servers: string): Promise<void> {
  await start(
    () => startHost({ servers }),
    (host) => host.stop(),
  );
  await start(
    () => startEchoProcess(servers),
    (echo) => echo.stop(),
  );
}

export type Cluster = { wray: Client; peer: Peer };

/** Starts a server, a host and an echo process, and connects to both. */
export async function startCluster(context: Context): Promise<Cluster> {
  const servers = await startServer(context);
  await startHostAndEcho(context, servers);
  const peer = await context.start(
    () => connectPeer(servers),
    (peer) => peer.stop(),
  );
  return { peer, wray: await startClient(context, servers) };
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
  return async (index) => check("math/add", await wray.get(add.remote(index, 1)), index + 1);
}
