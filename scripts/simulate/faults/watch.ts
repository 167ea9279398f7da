import { TaskTable } from "../../../scheduler/dataflow/task-table.ts";
import { Lending } from "../../../scheduler/ownership/lending.ts";
import { type Entry, ObjectTable } from "../../../scheduler/ownership/object-table.ts";
import type { Process } from "./process.ts";
import type { World } from "./world.ts";

/** So long after it was asked for, an owner still keeps an object for its borrower. */
const sureLeaseMs = 9_000;

/** What no message tells: the counts of objects, and when a client has given up a host. */
export type Insides = {
  entries: Entry[];
  /** From then on, nothing that a host began before for this client may be seen by it. */
  fences: { client: Process; hostId: string; atMs: number }[];
  /** Owners that have let go of what a borrower had a lease of. */
  brokenLeases: string[];
  close(): void;
};

/** Looks over the shoulders of the tables of all clients of a world. */
export function watchInsides(world: World): Insides {
  const { create } = ObjectTable.prototype;
  const { hostLost } = TaskTable.prototype;
  const { asked } = Lending.prototype;
  /** When each borrower has asked an owner last for an object that it has not given back. */
  const askedMs = new Map<string, number>();
  const insides: Insides = {
    entries: [],
    fences: [],
    brokenLeases: [],
    close() {
      ObjectTable.prototype.create = create;
      TaskTable.prototype.hostLost = hostLost;
      Lending.prototype.asked = asked;
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
  Lending.prototype.asked = async function (request) {
    const { id, borrower, isBack } = request;
    const key = `${borrower} ${id}`;
    const sinceMs = world.nowMs - (askedMs.get(key) ?? Number.NEGATIVE_INFINITY);
    if (isBack) askedMs.delete(key);
    else askedMs.set(key, world.nowMs);
    const reply = await asked.call(this, request);
    if (reply.kind !== "unknown" || isBack) return reply;
    askedMs.delete(key);
    if (sinceMs < sureLeaseMs)
      insides.brokenLeases.push(
        `${borrower} has asked for ${id} ${sinceMs} ms ago, and its owner knows it no more`,
      );
    return reply;
  };
  return insides;
}
