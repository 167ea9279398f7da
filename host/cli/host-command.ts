import { once } from "node:events";
import { availableParallelism, totalmem } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAddress } from "../../scheduler/bus/address.ts";
import { type ServerOptions, shownServers } from "../../scheduler/bus/credentials.ts";
import { type NatsBus, natsBus } from "../../scheduler/bus/nats.ts";
import { clusterControl } from "../../scheduler/control/near-control.ts";
import { DetachedStore } from "../../scheduler/detached/store.ts";
import { JobStores } from "../../scheduler/jobs/job-stores.ts";
import { ConnectionError } from "../../scheduler/protocol/errors.ts";
import { randomId } from "../../scheduler/protocol/ids.ts";
import { checkName } from "../../scheduler/protocol/subjects.ts";
import { Host } from "../host.ts";
import { type HostLimits, hostLimitsOf } from "../limits.ts";

export type HostCommandOptions = ServerOptions &
  Partial<HostLimits> & {
    cluster: string;
    cpus?: number;
    name?: string;
    objectAddress?: string;
    resource?: Record<string, number>;
    label?: Record<string, string>;
    resultTtlMs?: number;
    memoryLimitBytes?: number;
    /** Whether it is to offer a GPU, if there is one. */
    gpu?: boolean;
  };

const retryMs = 500;
/** How long running tasks may take to end after SIGTERM; container runtimes kill after 10 s. */
const drainMs = 8_000;

/** Runs a host until it is told to stop; while no server answers, it keeps trying. */
export async function runHost(options: HostCommandOptions): Promise<void> {
  const { cluster, cpus, name, objectAddress, resource, label = {}, resultTtlMs, ...others } = options;
  const { stackBytes, maxModuleBytes, maxCompileMs, maxMemoryBytes, objectStoreBytes, ...rest } = others;
  const { spillFolder, memoryLimitBytes, gpu = true, ...server } = rest;
  const limits = hostLimitsOf({
    stackBytes,
    maxModuleBytes,
    maxCompileMs,
    maxMemoryBytes,
    objectStoreBytes,
    spillFolder,
  } as Partial<HostLimits>);
  const id = checkName("host", name ?? randomId());
  checkName("cluster", cluster);
  if (objectAddress !== undefined) parseAddress(objectAddress);
  const servers = shownServers(server.servers);
  const stop = stopSignal();

  const stopping = new AbortController();
  void stop.then(() => stopping.abort());
  let reason = "";
  while (!stopping.signal.aborted) {
    let bus: NatsBus | undefined;
    try {
      bus = await natsBus(server, `host-${id}`);
      const control = await clusterControl(bus, cluster);
      const host = await Host.start({
        bus,
        control,
        cluster,
        id,
        cpus: cpus ?? availableParallelism(),
        objectAddress,
        limits,
        resources: { memory: totalmem(), ...resource },
        labels: label,
        gpu,
        ...(memoryLimitBytes !== undefined && { memoryLimitBytes }),
        jobs: new JobStores(bus.connection, cluster, resultTtlMs),
        detached: new DetachedStore(bus.connection, cluster),
      });
      console.error(`wray host ${id} joined cluster ${cluster} at ${servers} (${host.cpus} cpus)`);
      const end = await Promise.race([stop, host.asked, bus.closed]);
      const isAsked = typeof end === "object" && "deadlineMs" in end;
      const isTold = typeof end === "string";
      const why = isAsked ? "was asked to leave" : isTold ? `got ${end}` : "lost its server";
      console.error(`wray host ${id} ${why}, leaving`);
      await host.stop(isAsked ? end.deadlineMs : isTold ? drainMs : 0);
      await bus.close();
      console.error(`wray host ${id} left`);
      if (end instanceof Error) throw end;
      return;
    } catch (error) {
      await bus?.close();
      if (!(error instanceof ConnectionError)) throw error;
      if (reason !== error.message) {
        console.error(`wray host ${id}: ${error.message}; trying again`);
        if (error.remedy !== undefined) console.error(`      ${error.remedy}`);
      }
      reason = error.message;
      await sleep(retryMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }
}

/** The first signal that asks the process to end; a second one ends it at once. */
async function stopSignal(): Promise<string> {
  const signal = await Promise.race(
    ["SIGTERM", "SIGINT"].map(async (name) => {
      await once(process, name);
      return name;
    }),
  );
  process.once("SIGTERM", () => process.exit(143)).once("SIGINT", () => process.exit(130));
  return signal;
}
