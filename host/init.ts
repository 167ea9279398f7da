import { availableParallelism } from "node:os";
import type { ServerOptions } from "../scheduler/bus/credentials.ts";
import { memoryBus } from "../scheduler/bus/memory.ts";
import { Client } from "../scheduler/client/client.ts";
import {
  type ClientOptions,
  connect,
  defaultCluster,
  defaultInfeasibleAfterMs,
} from "../scheduler/client/connect.ts";
import { memoryControl } from "../scheduler/control/memory.ts";
import { InvalidTaskError } from "../scheduler/protocol/errors.ts";
import { randomId } from "../scheduler/protocol/ids.ts";
import { subjectsOf } from "../scheduler/protocol/subjects.ts";
import { Host } from "./host.ts";

export type InitOptions = ClientOptions & {
  /** Worker threads of the embedded host. Default: as many as this machine runs at once. */
  cpus?: number;
} & (Partial<Record<keyof ServerOptions, undefined>> | ServerOptions);

const optionNames = new Set([
  ...["cluster", "infeasibleAfterMs", "cpus", "servers", "connectTimeoutMs"],
  ...["creds", "nkey", "user", "pass", "token", "tlsCa", "tlsCert", "tlsKey"],
]);

/**
 * Joins the cluster at `servers`; without `servers`, starts a host inside this process, with the same API and no NATS.
 * @throws ConnectionError when no server answers within `connectTimeoutMs`
 * @throws AuthenticationError when the server refuses the credentials
 */
export async function init(options: InitOptions = {}): Promise<Client> {
  const unknown = Object.keys(options).filter((name) => !optionNames.has(name));
  if (unknown.length > 0) {
    throw new InvalidTaskError(`init has no option ${unknown.join(", ")}`, {
      remedy: `The options are ${[...optionNames].join(", ")}.`,
    });
  }
  return options.servers === undefined ? embed(options) : connect({ ...options, servers: options.servers });
}

async function embed({
  cluster = defaultCluster,
  infeasibleAfterMs = defaultInfeasibleAfterMs,
  cpus = availableParallelism(),
}: ClientOptions & { cpus?: number }): Promise<Client> {
  const bus = memoryBus();
  const control = memoryControl();
  const host = await Host.start({ bus, control, cluster, id: randomId(), cpus });
  return Client.connect({
    bus,
    control,
    subjects: subjectsOf(cluster),
    infeasibleAfterMs,
    async onShutdown() {
      await host.stop(0);
      await bus.close();
    },
  });
}
