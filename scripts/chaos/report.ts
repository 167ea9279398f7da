import Table from "cli-table3";
import type { ClientStats } from "wray";
import { median } from "../bench/percentile.ts";
import type { Fault, FaultKind, Ledger } from "./ledger.ts";

/** Prints what was done to the cluster, and what came of it. */
export function printReport(
  { faults, rounds, taskCount, losses }: Ledger,
  { tasksRetried, objectsMadeAgain, hostsLost }: ClientStats,
  held: readonly string[],
): void {
  const kinds = [...new Set(faults.map(({ kind }) => kind))];
  const table = new Table({
    head: ["fault", "times", "noticed, p50", "max", "tasks done, p50", "max", "jobs done, p50", "max"],
    style: { head: [], border: [] },
    colAligns: ["left", ...Array.from({ length: 7 }, () => "right" as const)],
  });
  for (const kind of kinds) table.push(rowOf(kind, faults));
  console.log(table.toString());
  const done = [...rounds].map(([name, count]) => `${name} ${count}`).join(", ");
  console.log(`rounds    ${done}`);
  console.log(`tasks     ${taskCount}, of which ${tasksRetried} were run again`);
  console.log(`objects   ${objectsMadeAgain} were lost and made again`);
  console.log(`hosts     ${hostsLost} times taken for dead`);
  console.log(`losses    ${losses.length}`);
  for (const loss of losses) console.log(`          ${loss}`);
  console.log(`leaks     ${held.length}`);
  for (const each of held.slice(0, 20)) console.log(`          ${each}`);
}

function rowOf(kind: FaultKind, faults: readonly Fault[]): string[] {
  const ofKind = faults.filter((fault) => fault.kind === kind);
  const cells = (timeOf: (fault: Fault) => number | undefined) => {
    const times = ofKind.flatMap((fault) => {
      const time = timeOf(fault);
      return time === undefined ? [] : [time - fault.atMs];
    });
    return times.length === 0
      ? ["", ""]
      : [median(times), Math.max(...times)].map((ms) => `${Math.round(ms)} ms`);
  };
  const ends = [cells(({ detectedMs }) => detectedMs), cells(({ doneMs }) => doneMs.tasks)];
  return [kind, String(ofKind.length), ...ends.flat(), ...cells(({ doneMs }) => doneMs.jobs)];
}
