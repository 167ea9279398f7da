import { unsigned } from "../../scheduler/wasm/leb128.ts";
import type { Table } from "../../scheduler/wasm/module.ts";
import { unsupported } from "../../scheduler/wasm/reject.ts";

/** An empty table costs memory, too. */
const mostTables = 100;

/**
 * Tables that together can't get more than so many entries: those that can grow share what the initial ones leave.
 * @returns the items of the section
 * @throws WasmError when they begin with more
 */
export function limitTables(tables: readonly Table[], entries: number): number[][] {
  if (tables.length > mostTables) {
    throw unsupported(`${tables.length} tables, where at most ${mostTables} are taken`);
  }
  const initial = tables.reduce((sum, { limits }) => sum + limits.initial, 0);
  if (initial > entries) {
    throw unsupported(`tables of ${initial} entries, where the limit tableEntries is ${entries}`);
  }
  const canGrow = ({ limits }: Table) => (limits.maximum ?? Number.POSITIVE_INFINITY) > limits.initial;
  const share = Math.floor((entries - initial) / Math.max(1, tables.filter(canGrow).length));
  return tables.map(({ elementType, limits }) => {
    // One that says a maximum below its initial size keeps it: the engine refuses it.
    const maximum = Math.min(limits.maximum ?? Number.POSITIVE_INFINITY, limits.initial + share);
    return [elementType, 1, ...unsigned(limits.initial), ...unsigned(maximum)];
  });
}
