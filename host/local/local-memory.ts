import { joinMemory, type MemoryReport } from "../../scheduler/client/memory-report.ts";
import { type Holder, largestObjects } from "../../scheduler/protocol/memory.ts";
import type { ObjectStore } from "../objects/store.ts";
import type { StoredObject } from "../objects/stored-object.ts";
import type { LocalObject } from "./local-object.ts";

/**
 * What the store of an embedded host holds, and who needs it. Values that have room in a message are not in it: they
 * are the program's own garbage, or not.
 * @param objectOf the object that has these bytes for its value, if it is still there
 * @param tasks those that have not ended, with what they take
 */
export function localMemory(
  hostId: string,
  store: ObjectStore,
  objectOf: (stored: StoredObject) => LocalObject | undefined,
  tasks: Iterable<{ label: string; args: readonly unknown[] }>,
): MemoryReport {
  const takers = new Map<unknown, Holder[]>();
  for (const { label, args } of tasks) {
    for (const arg of args) {
      if (typeof arg !== "object") continue;
      const holders = takers.get(arg);
      if (holders === undefined) takers.set(arg, [{ kind: "task", label }]);
      else holders.push({ kind: "task", label });
    }
  }
  const { objects, totals } = store.report((stored) => {
    const object = objectOf(stored);
    if (object === undefined) return {};
    return {
      id: object.id,
      holders: [
        ...(object.isFreed ? [] : [{ kind: "ref" as const }]),
        ...(takers.get(object) ?? []),
        ...object.outer.map(({ id }) => ({ kind: "object" as const, id })),
      ],
    };
  });
  const peer = { kind: "host" as const, id: hostId };
  return { ...joinMemory([{ peer, ...largestObjects(objects), totals }]), silent: [] };
}
