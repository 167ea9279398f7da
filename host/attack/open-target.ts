import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Bus } from "../../scheduler/bus/bus.ts";
import type { ServerOptions } from "../../scheduler/bus/credentials.ts";
import { memoryBus } from "../../scheduler/bus/memory.ts";
import { natsBus } from "../../scheduler/bus/nats.ts";
import { Client } from "../../scheduler/client/client.ts";
import { Submitter } from "../../scheduler/client/submitter.ts";
import type { Control } from "../../scheduler/control/control.ts";
import { jetstreamControl } from "../../scheduler/control/jetstream.ts";
import { memoryControl } from "../../scheduler/control/memory.ts";
import { decodeHeartbeat } from "../../scheduler/protocol/codec.ts";
import { InfeasibleTaskError } from "../../scheduler/protocol/errors.ts";
import { randomId } from "../../scheduler/protocol/ids.ts";
import type { Heartbeat } from "../../scheduler/protocol/messages.ts";
import { subjectsOf } from "../../scheduler/protocol/subjects.ts";
import { Host } from "../host.ts";
import type { Target } from "./target.ts";

/** How long a task waits for a host: all are there before the first. */
const infeasibleAfterMs = 10_000;

/** A host inside this process, for the attacks alone. */
export async function embeddedTarget(cpus: number): Promise<Target> {
  const [bus, control, cluster] = [memoryBus(), memoryControl(), "attack"];
  const host = await Host.start({ bus, control, cluster, id: "embedded", cpus });
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  return target(bus, control, cluster, {
    residentBytes() {
      collect();
      return process.memoryUsage.rss();
    },
    close: () => host.stop(0),
  });
}

/**
 * The hosts of a cluster that is there.
 * @throws ConnectionError, AuthenticationError, InvalidTaskError
 * @throws InfeasibleTaskError when it has no host
 */
export async function clusterTarget(server: ServerOptions, cluster: string): Promise<Target> {
  const subjects = subjectsOf(cluster);
  const bus = await natsBus(server, `attack-${randomId(6)}`);
  try {
    const control = await jetstreamControl(bus.connection, cluster);
    return await target(bus, control, cluster, {
      residentBytes: (heartbeats) => {
        const sizes = [...heartbeats.values()].map(({ rssBytes }) => rssBytes);
        if (sizes.includes(undefined)) return undefined;
        return (sizes as number[]).reduce((sum, bytes) => sum + bytes, 0);
      },
      close: async () => {},
    });
  } catch (error) {
    await bus.close();
    throw error;
  }

  function unused() {
    return subjects;
  }
}
