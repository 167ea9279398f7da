import { availableParallelism, totalmem } from "node:os";
import type { ServerOptions } from "../scheduler/bus/credentials.ts";
import { Client } from "../scheduler/client/client.ts";
import {
  type ClientOptions,
  checkClientOptions,
  clientOptionNames,
  connect,
  defaultCluster,
  defaultInfeasibleAfterMs,
} from "../scheduler/client/connect.ts";
import { type Check, checkOptionsBy, taskChecks } from "../scheduler/client/task-options.ts";
import { memoryControl } from "../scheduler/control/memory.ts";
import type { Labels } from "../scheduler/placement/labels.ts";
import { InvalidTaskError } from "../scheduler/protocol/errors.ts";
import type { Resources } from "../scheduler/protocol/messages.ts";
import { subjectsOf } from "../scheduler/protocol/subjects.ts";
import { type HostLimits, hostLimitNames, hostLimitsOf } from "./limits.ts";
import { LocalBackend } from "./local/local-backend.ts";
import { publishShipped } from "./shipped.ts";

/** Options of the host inside this process. */
type EmbeddedOptions = Partial<HostLimits> & {
  /** Worker threads that run at once. Default: as many as this machine does. */
  cpus?: number;
  /** What it offers beside its cpus, by name: `{ gpu: 1 }`. */
  resources?: Resources;
  /** What tasks may ask for by `labels`. */
  labels?: Labels;
};

export type InitOptions = ClientOptions &
  EmbeddedOptions &
  (Partial<Record<keyof ServerOptions, undefined>> | ServerOptions);

const embeddedOptionNames = ["cpus", "resources", "labels", ...hostLimitNames] as const;

const offerChecks: { resources: Check; labels: Check } = {
  resources: taskChecks.resources,
  labels: {
    test: (value) =>
      typeof value === "object" &&
      value !== null &&
      Object.values(value).every((each) => typeof each === "string"),
    expected: "an object of label names with a string each",
  },
};

/**
 * Joins the cluster at `servers`; without `servers`, starts a host inside this process, with the same API and no NATS.
 * @throws ConnectionError when no server answers within `connectTimeoutMs`
 * @throws AuthenticationError when the server refuses the credentials
 */
export async function init(options: InitOptions = {}): Promise<Client> {
  if (options.servers === undefined) return embed(options);
  const ofHost = embeddedOptionNames.find((name) => options[name] !== undefined);
  if (ofHost === undefined) return connect({ ...options, servers: options.servers });
  throw new InvalidTaskError(
    `option ${ofHost} is for an embedded host, and servers for a cluster that has its own`,
    { remedy: "Leave one of them out; `npx wray host` adds a host to a cluster." },
  );
}

async function embed(options: ClientOptions & EmbeddedOptions): Promise<Client> {
  checkClientOptions(options, [...clientOptionNames, ...embeddedOptionNames]);
  const {
    cluster = defaultCluster,
    infeasibleAfterMs = defaultInfeasibleAfterMs,
    cpus = availableParallelism(),
    resources,
    labels,
  } = options;
  if (!Number.isInteger(cpus) || cpus < 1) {
    throw new InvalidTaskError(`option cpus must be an integer from 1, but is ${String(cpus)}`);
  }
  checkOptionsBy(offerChecks, { ...(resources && { resources }), ...(labels && { labels }) }, "init");
  // It names nothing here, but a program that is to join a cluster later hears now what is wrong with it.
  subjectsOf(cluster);
  const control = memoryControl();
  await publishShipped(control);
  const backend = new LocalBackend({
    ...{ control, cpus, labels, infeasibleAfterMs, limits: hostLimitsOf(options) },
    resources: { memory: totalmem(), ...resources },
  });
  return new Client({ backend, control, infeasibleAfterMs, onShutdown: () => backend.stop() });
}
