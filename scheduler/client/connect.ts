import type { Bus } from "../bus/bus.ts";
import type { ServerOptions } from "../bus/credentials.ts";
import { natsBus } from "../bus/nats.ts";
import { clusterControl } from "../control/near-control.ts";
import { JobStores } from "../jobs/job-stores.ts";
import { InvalidTaskError } from "../protocol/errors.ts";
import { randomId } from "../protocol/ids.ts";
import { type Subjects, subjectsOf } from "../protocol/subjects.ts";
import { BusBackend } from "./bus-backend.ts";
import { checkOptionNames, checkTimeMs } from "./check-options.ts";
import { Client, type ClientDeps } from "./client.ts";
import { Groups } from "./groups.ts";
import { Jobs } from "./jobs.ts";
import { Submitter } from "./submitter.ts";

/** The cluster that is meant when none is named. */
export const defaultCluster = "default";
export const defaultInfeasibleAfterMs = 10_000;

/** The options by name, for checks. */
export const clientOptionNames = [
  ...["servers", "cluster", "infeasibleAfterMs", "maxLineageBytes", "connectTimeoutMs"],
  ...["creds", "nkey", "user", "pass", "token", "tlsCa", "tlsCert", "tlsKey"],
];

export type ClientOptions = {
  /** The cluster's name: letters, digits, `_` and `-`. Default "default". */
  cluster?: string;
  /** How long a task waits for a host to join that can run it, before it fails. Default 10,000. */
  infeasibleAfterMs?: number;
  /** How much it remembers of how objects were made, to make them again when they are lost, in bytes. Default 64 MiB. */
  maxLineageBytes?: number;
};

/** @throws InvalidTaskError for an option that is not among `names`, or a time that no timer can run */
export function checkClientOptions(
  options: ClientOptions & Partial<Record<keyof ServerOptions, unknown>>,
  names = clientOptionNames,
): void {
  checkOptionNames("init", options, names);
  for (const name of ["infeasibleAfterMs", "connectTimeoutMs"] as const) {
    if (options[name] !== undefined) checkTimeMs(name, options[name], "Leave it out for the default.");
  }
  const { maxLineageBytes = 0 } = options;
  if (!(maxLineageBytes >= 0)) {
    throw new InvalidTaskError(`option maxLineageBytes must be a number from 0, but is ${maxLineageBytes}`, {
      remedy: "Leave it out for the default.",
      data: { option: "maxLineageBytes" },
    });
  }
}

/**
 * Joins a cluster as a client that brings no workers.
 * @throws InvalidTaskError, ConnectionError, AuthenticationError
 */
export async function connect(options: ClientOptions & ServerOptions): Promise<Client> {
  checkClientOptions(options);
  const { cluster = defaultCluster, maxLineageBytes, ...others } = options;
  const { infeasibleAfterMs = defaultInfeasibleAfterMs, ...server } = others;
  if (server.servers === undefined || server.servers.length === 0) {
    throw new InvalidTaskError("option servers is missing", { remedy: "Give it as nats://host:port." });
  }
  const subjects = subjectsOf(cluster);
  const bus = await natsBus(server, `client-${randomId(6)}`);
  try {
    const control = await clusterControl(bus, cluster);
    const { closed } = bus;
    const onShutdown = () => bus.close();
    const jobs = new Jobs(new JobStores(bus.connection, cluster), bus);
    const deps = { control, jobs, infeasibleAfterMs, closed, onShutdown };
    return await clientOver(bus, subjects, deps, maxLineageBytes);
  } catch (error) {
    await bus.close();
    throw error;
  }
}

/** A client at the end of a bus, which has heard of the hosts that are there. */
export async function clientOver(
  bus: Bus,
  subjects: Subjects,
  deps: Omit<ClientDeps, "backend">,
  maxLineageBytes?: number,
): Promise<Client> {
  const { control, infeasibleAfterMs } = deps;
  const submitter = new Submitter({
    bus,
    subjects,
    control,
    id: randomId(),
    infeasibleAfterMs,
    maxLineageBytes,
  });
  await submitter.greet((await control.leases()).map(({ host }) => host));
  return new Client({ ...deps, backend: new BusBackend(submitter), groups: new Groups(submitter) });
}
