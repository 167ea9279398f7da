import type { Client } from "../../scheduler/client/client.ts";
import type { Submitter } from "../../scheduler/client/submitter.ts";
import type { Control } from "../../scheduler/control/control.ts";
import type { Heartbeat } from "../../scheduler/protocol/messages.ts";

/** A cluster that is attacked. */
export type Target = {
  client: Client;
  /** The same without a client's checks. */
  submitter: Submitter;
  control: Control;
  /** What each host said of itself last. */
  heartbeats: ReadonlyMap<string, Heartbeat>;
  /** Resolves when a host has said something of itself again. */
  heard(): Promise<void>;
  /** Resident memory of its hosts, in bytes, after what can be let go of has been; undefined when they don't tell. */
  residentBytes(): number | undefined;
  close(): Promise<void>;
};

/** How many tasks its hosts run at once. */
export const cpusOf = ({ heartbeats }: Target): number =>
  [...heartbeats.values()].reduce((sum, { cpus }) => sum + cpus, 0);
