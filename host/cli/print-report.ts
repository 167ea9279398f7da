import Table from "cli-table3";
import { failuresOf, percent, type Report } from "../attack/report.ts";

const columns = ["attack", "runs", "ended with", "late, median", "worst", ""];
const isNumber = (column: string) => ["runs", "late, median", "worst"].includes(column);

/** Prints what became of each attack, and whether the hosts are as they were. */
export function printReport(report: Report): void {
  const { seed, tallies, honestCount, wrong, workers, memory, elapsedMs } = report;
  const table = new Table({
    head: columns,
    colAligns: columns.map((column) => (isNumber(column) ? "right" : "left")),
    style: { head: [], border: [], compact: true },
  });
  for (const { name, runs, endings, unexpectedCount, lateMs } of tallies) {
    const sorted = lateMs.toSorted((a, b) => a - b);
    const ms = (value: number | undefined) =>
      value === undefined ? "" : `${Math.max(0, value).toFixed(0)} ms`;
    table.push([
      name,
      runs,
      [...endings].map(([ending, count]) => (endings.size > 1 ? `${ending} ${count}` : ending)).join(", "),
      ms(sorted[Math.floor(sorted.length / 2)]),
      ms(sorted.at(-1)),
      unexpectedCount === 0 ? "repelled" : `${unexpectedCount} NOT`,
    ]);
  }
  const runs = tallies.reduce((sum, tally) => sum + tally.runs, 0);
  console.log(String(table));
  console.log(`attacks   ${runs} in ${(elapsedMs / 1_000).toFixed(1)} s, --seed ${seed}`);
  console.log(`honest    ${honestCount} tasks between them, ${wrong.length} wrong`);
  console.log(`workers   ${workers.before} before, ${workers.after} after`);
  if (memory === undefined) console.log("memory    the hosts do not tell");
  else {
    const grown = memory.after / memory.before - 1;
    console.log(
      `memory    ${mebibytes(memory.before)} before, ${mebibytes(memory.after)} after, ${percent(grown)}`,
    );
  }
  const failures = failuresOf(report);
  for (const failure of failures) console.log(`not repelled: ${failure}`);
  if (failures.length === 0) console.log("all attacks repelled");
}

const mebibytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
