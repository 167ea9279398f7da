import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Bus } from "../../scheduler/bus/bus.ts";
import type { ServerOptions } from "../../scheduler/bus/credentials.ts";
import { memoryBus } from "../../scheduler/bus/memory.ts";
import { natsBus } from "../../scheduler/bus/nats.ts";
import { clientOver } from "../../scheduler/client/connect.ts";
import { Submitter } from "../../scheduler/client/submitter.ts";
import type { Control } from "../../scheduler/control/control.ts";
import { memoryControl } from "../../scheduler/control/memory.ts";
import { clusterControl } from "../../scheduler/control/near-control.ts";
import { decodeHeartbeat } from "../../scheduler/protocol/codec.ts";
import { InfeasibleTaskError } from "../../scheduler/protocol/errors.ts";
import { randomId } from "../../scheduler/protocol/ids.ts";
import type { Heartbeat } from "../../scheduler/protocol/messages.ts";
import { checkName, subjectsOf } from "../../scheduler/protocol/subjects.ts";
import { Host } from "../host.ts";
import { cpusOf, type Target } from "./target.ts";

/** Hosts are there before the first attack, and are to be there after each. */
const infeasibleAfterMs = 5_000;

/** A host inside this process, for the attacks alone. */
export async function embeddedTarget(cpus: number): Promise<Target> {
  const [bus, control, cluster] = [memoryBus(), memoryControl(), "attack"];
  const host = await Host.start({ bus, control, cluster, id: randomId(), cpus });
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  return open(bus, control, cluster, {
    residentBytes() {
      collect();
      return process.memoryUsage.rss();
    },
    stop: () => host.stop(0),
  });
}

/**
 * The hosts of a cluster that is there.
 * @throws ConnectionError, AuthenticationError, InvalidTaskError
 * @throws InfeasibleTaskError when it has no host
 */
export async function clusterTarget(server: ServerOptions, cluster: string): Promise<Target> {
  checkName("cluster", cluster);
  const bus = await natsBus(server, `attack-${randomId(6)}`);
  try {
    const control = await clusterControl(bus, cluster);
    const target = await open(bus, control, cluster, { residentBytes, stop: async () => {} });
    if (cpusOf(target) > 0) return target;
    await target.close();
    throw new InfeasibleTaskError(`cluster ${cluster} has no host that could be attacked`, {
      remedy: "Start one with `wray host`, or leave --servers out to attack a host inside this process.",
    });
  } catch (error) {
    await bus.close();
    throw error;
  }
}

/** As the hosts said last. */
function residentBytes(heartbeats: ReadonlyMap<string, Heartbeat>): number | undefined {
  let sum = 0;
  for (const { rssBytes } of heartbeats.values()) {
    if (rssBytes === undefined) return undefined;
    sum += rssBytes;
  }
  return sum;
}

type Own = {
  residentBytes(heartbeats: ReadonlyMap<string, Heartbeat>): number | undefined;
  stop(): Promise<void>;
};

async function open(bus: Bus, control: Control, cluster: string, own: Own): Promise<Target> {
  const subjects = subjectsOf(cluster);
  const heartbeats = new Map<string, Heartbeat>();
  let listeners: (() => void)[] = [];
  bus.subscribe(subjects.load, (payload) => {
    const heartbeat = decodeHeartbeat(payload);
    if (heartbeat.state === "left") heartbeats.delete(heartbeat.host);
    else heartbeats.set(heartbeat.host, heartbeat);
    const told = listeners;
    listeners = [];
    for (const listener of told) listener();
  });
  const submitter = new Submitter({ bus, subjects, control, id: randomId(), infeasibleAfterMs });
  // An idle host keeps no process alive, and this one may wait for nothing but its heartbeats.
  const alive = setInterval(() => {}, 60_000);
  // It waits until the hosts that hold a lease have said that they are there.
  const client = await clientOver(bus, subjects, {
    control,
    infeasibleAfterMs,
    onShutdown: async () => {},
  });
  return {
    ...{ client, submitter, control, heartbeats },
    heard: () => new Promise((resolve) => listeners.push(resolve)),
    residentBytes: () => own.residentBytes(heartbeats),
    async close() {
      clearInterval(alive);
      submitter.close();
      await client.shutdown();
      await own.stop();
      await bus.close();
    },
  };
}
