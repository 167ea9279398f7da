import { TaskTable } from "../../../scheduler/dataflow/task-table.ts";
import { type Entry, ObjectTable } from "../../../scheduler/ownership/object-table.ts";
import type { Process } from "./process.ts";
import type { World } from "./world.ts";

/** What no message tells: the counts of objects, and when a client has given up a host. */
export type Insides = {
  entries: Entry[];
  /** From then on, nothing that a host began before for this client may be seen by it. */
  fences: { client: Process; hostId: string; atMs: number }[];
  close(): void;
};

/** Looks over the shoulders of the tables of all clients of a world. */
export function watchInsides(world: World): Insides {
  const { create } = ObjectTable.prototype;
  const { hostLost } = TaskTable.prototype;
  const insides: Insides = {
    entries: [],
    fences: [],
    close() {
      ObjectTable.prototype.create = create;
      TaskTable.prototype.hostLost = hostLost;
    },
  };
  ObjectTable.prototype.create = function (...args) {
    const entry = create.apply(this, args);
    insides.entries.push(entry);
    return entry;
  };
  TaskTable.prototype.hostLost = function (hostId, ...rest) {
    insides.fences.push({ client: world.current, hostId, atMs: world.nowMs });
    hostLost.call(this, hostId, ...rest);
  };
  return insides;
}
