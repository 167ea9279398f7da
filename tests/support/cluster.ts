import { connect as connectNats, type NatsConnection } from "nats";
import { type Client, type InitOptions, init } from "wray";
import { decodeHeartbeat } from "../../scheduler/protocol/codec.ts";
import type { Heartbeat } from "../../scheduler/protocol/messages.ts";
import { type NatsServer, type StartNatsServerOptions, startNatsServer } from "../../scripts/nats/index.ts";
import { type Command, type CommandOptions, type Ended, startCommand } from "./command.ts";
import type { TestContext } from "./suite.ts";

/** A `wray host` process that has joined. */
export type HostProcess = Command & {
  id: string;
  /** Sends a signal and waits for the end that it brings. */
  kill(signal?: NodeJS.Signals): Promise<Ended>;
};

export type HostProcessOptions = {
  cluster?: string;
  cpus?: number;
  args?: string[];
  /** Whether it is to offer the GPU. Default: not. */
  gpu?: boolean;
} & Pick<CommandOptions, "by" | "env">;

export type ClusterOptions = Pick<StartNatsServerOptions, "address" | "config" | "jetstream"> & {
  hosts?: number;
  cpus?: number;
};

type ConnectOptions = Partial<Pick<InitOptions, "cluster" | "infeasibleAfterMs">>;

/** A nats-server on a free port with host processes; all of it, and what connects to it, ends with the test. */
export type Cluster = {
  server: NatsServer;
  hosts: HostProcess[];
  startHost(options?: HostProcessOptions): Promise<HostProcess>;
  /** A client of the cluster. */
  connect(options?: ConnectOptions): Promise<Client>;
  /** A bare connection, as a program without our library has it. */
  nats(): Promise<NatsConnection>;
  /** Waits until a host says something of itself that `accept` takes. */
  heard(accept: (heartbeat: Heartbeat) => boolean, cluster?: string): Promise<Heartbeat>;
  /** Waits until a client knows exactly these hosts; one on a busy machine may be heard of late. */
  knows(client: Client, hostIds: string[], cluster?: string): Promise<void>;
};

export async function startCluster(
  t: Pick<TestContext, "after">,
  { hosts: hostCount = 1, cpus = 1, ...serverOptions }: ClusterOptions = {},
): Promise<Cluster> {
  const server = await startNatsServer(serverOptions);
  t.after(() => server.stop());
  const startHost = (options: HostProcessOptions = {}) =>
    startHostProcess(t, server.url, { cpus, ...options });
  const nats = async () => {
    const connection = await connectNats({
      servers: server.url,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
    });
    t.after(() => connection.close());
    return connection;
  };
  const heard: Cluster["heard"] = async (accept, cluster = "default") => {
    const connection = await nats();
    for await (const { data } of connection.subscribe(`wray.v1.${cluster}.load.*`)) {
      const heartbeat = decodeHeartbeat(data);
      if (!accept(heartbeat)) continue;
      await connection.close();
      return heartbeat;
    }
    throw new Error("the connection was closed before");
  };
  return {
    server,
    startHost,
    nats,
    heard,
    async knows(client, hostIds, cluster) {
      const ids = () => client.nodes().map(({ id }) => id);
      while (ids().sort().join() !== [...hostIds].sort().join()) await heard(() => true, cluster);
    },
    hosts: await Promise.all(Array.from({ length: hostCount }, () => startHost())),
    async connect(options = {}) {
      const client = await init({ servers: server.url, ...options });
      t.after(() => client.shutdown());
      return client;
    },
  };
}

/** Starts `wray host` and waits until it has joined. */
export async function startHostProcess(
  t: Pick<TestContext, "after">,
  servers: string,
  { cluster, cpus = 1, args = [], gpu = false, ...options }: HostProcessOptions = {},
): Promise<HostProcess> {
  const all = ["host", "--servers", servers, "--cpus", String(cpus), ...args];
  if (!gpu) all.push("--no-gpu");
  if (cluster !== undefined) all.push("--cluster", cluster);
  const command = startCommand(t, all, options);
  const [, id] = await command.printed(/^wray host (\S+) joined /);
  return Object.assign(command, {
    id: id!,
    kill: (signal: NodeJS.Signals = "SIGKILL") => {
      command.process.kill(signal);
      return command.ended;
    },
  });
}
