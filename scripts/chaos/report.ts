import Table from "cli-table3";
import { percentile } from "../bench/percentile.ts";
import type { Fault, FaultKind, Ledger } from "./ledger.ts";

/** Prints what was done to the cluster, and what came of it. */
export function printReport({ faults, rounds, taskCount, losses }: Ledger, held: readonly string[]): void {
  const kinds = [...new Set(faults.map(({ kind }) => kind))];
  const table = new Table({
    head: ["fault", "times", "detected, p50", "max", "recovered, p50", "max"],
    style: { head: [], border: [] },
    colAligns: ["left", "right", "right", "right", "right", "right"],
  });
  for (const kind of kinds) table.push(rowOf(kind, faults));
  console.log(table.toString());
  const done = [...rounds].map(([name, count]) => `${name} ${count}`).join(", ");
  console.log(`rounds    ${done}`);
  console.log(`tasks     ${taskCount}`);
  console.log(`losses    ${losses.length}`);
  for (const loss of losses) console.log(`          ${loss}`);
  console.log(`leaks     ${held.length}`);
  for (const each of held.slice(0, 20)) console.log(`          ${each}`);
}

function rowOf(kind: FaultKind, faults: readonly Fault[]): string[] {
  const ofKind = faults.filter((fault) => fault.kind === kind);
  const after = (time: "detectedMs" | "recoveredMs") =>
    ofKind.flatMap((fault) => (fault[time] === undefined ? [] : [fault[time] - fault.atMs]));
  const cells = (times: number[]) =>
    times.length === 0
      ? ["", ""]
      : [percentile(times, 0.5), Math.max(...times)].map((ms) => `${Math.round(ms)} ms`);
  return [kind, String(ofKind.length), ...cells(after("detectedMs")), ...cells(after("recoveredMs"))];
}
