import { connect } from "nats";
import type { Client } from "wray";
import { decodeHeartbeat } from "../../scheduler/protocol/codec.ts";
import type { Fleet } from "./fleet.ts";
import type { HostRow } from "./messages.ts";

/** As often as hosts say what they do. */
const lookMs = 100;

type WatchOptions = {
  servers: string;
  wray: Client;
  fleet: Fleet;
  onLook: (rows: HostRow[]) => void;
};

/** Looks at the hosts ten times a second. Returns what ends it. */
export async function watchHosts({
  servers,
  wray,
  fleet,
  onLook,
}: WatchOptions): Promise<() => Promise<void>> {
  const loads = new Map<string, Pick<HostRow, "inFlight" | "queued">>();
  const connection = await connect({ servers, maxReconnectAttempts: -1 });
  connection.subscribe("wray.v1.default.load.*", {
    callback(error, { data }) {
      if (error !== null) return;
      const { host, running, queued } = decodeHeartbeat(data);
      loads.set(host, { inFlight: running + queued, queued });
    },
  });
  const look = () => {
    const known = new Map(wray.nodes().map((node) => [node.id, node]));
    const rows: HostRow[] = [];
    for (const { id, state } of fleet.members) {
      const node = known.get(id);
      // A dead one is shown until the others know of it.
      if (state === "killed" && node === undefined) {
        fleet.forget(id);
        continue;
      }
      const { inFlight = 0, queued = 0 } = loads.get(id) ?? {};
      rows.push({ id, state, inFlight, queued, tasksRun: node?.tasksRun ?? 0 });
    }
    onLook(rows);
  };
  const timer = setInterval(look, lookMs);
  return async () => {
    clearInterval(timer);
    await connection.close();
  };
}
