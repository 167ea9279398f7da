import type { ServerOptions } from "../../scheduler/bus/credentials.ts";
import { natsBus } from "../../scheduler/bus/nats.ts";
import { drainHost } from "../../scheduler/client/drain.ts";
import { randomId } from "../../scheduler/protocol/ids.ts";
import { checkName, subjectsOf } from "../../scheduler/protocol/subjects.ts";

export type DrainCommandOptions = ServerOptions & { cluster: string; deadlineMs: number };

/** Has a host leave, and waits until it has. */
export async function runDrainCommand(hostId: string, options: DrainCommandOptions): Promise<void> {
  const { cluster, deadlineMs, ...server } = options;
  checkName("host", hostId);
  const subjects = subjectsOf(cluster);
  const bus = await natsBus(server, `drain-${randomId(6)}`);
  try {
    console.error(`wray: host ${hostId} is to leave; its tasks have ${deadlineMs} ms to end`);
    await drainHost({ bus, subjects }, hostId, deadlineMs);
    console.error(`wray: host ${hostId} has left`);
  } finally {
    await bus.close();
  }
}
