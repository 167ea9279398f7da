import type { ItemStream } from "../dataflow/item-stream.ts";
import type { ItemSink } from "../dataflow/pending-task.ts";
import type { ReadyState } from "../ownership/object-table.ts";
import type { BusHandle } from "./bus-handle.ts";

/** Gives the items of a task, which its table knows by their ids, to who takes them by handles. */
export const busItems = (
  items: ItemStream<BusHandle>,
  handleOf: (id: string, state: ReadyState) => BusHandle,
): ItemSink => ({
  takenCount: () => items.takenCount,
  add: (index, id, state) => items.add(index, () => handleOf(id, state)),
  lose: (isLost) => items.lose(({ id }) => isLost(id)),
  end: (error) => items.end(error),
});
