import Table from "cli-table3";
import { barText } from "./bar.ts";
import type { Head } from "./head.ts";
import type { Row, Suite } from "./suite.ts";

const columns = ["", "unit", "p50", "p99", "value", "baseline", "its figure", "ratio", "bar", "n"];
const isText = (column: string) => ["", "unit", "baseline"].includes(column);

export function printHead({ date, machine, load, versions, isQuick }: Head): void {
  const memoryGib = Math.round(machine.memoryBytes / 1024 ** 3);
  console.log(`date      ${date}`);
  console.log(`machine   ${machine.cpu}, ${machine.cores} cores, ${memoryGib} GiB`);
  console.log(`load      ${load.map((average) => average.toFixed(2)).join(" ")}`);
  console.log(
    `versions  wray ${versions.wray}, node ${versions.node}, nats-server ${versions.natsServer}, ` +
      `nats ${versions.natsClient}, ${versions.os}`,
  );
  if (isQuick) console.log("quick     so few samples that the figures say nothing");
}

export function printRows({ name, description }: Suite, rows: Row[]): void {
  const table = new Table({
    head: columns,
    colAligns: columns.map((column) => (isText(column) ? "left" : "right")),
    style: { head: [], border: [], compact: true },
  });
  table.push(
    ...rows.map((row) => [
      row.name,
      row.unit,
      number(row.p50),
      number(row.p99),
      number(row.value),
      row.baseline ?? "",
      number(row.baselineValue),
      row.ratio === null ? "" : `${number(row.ratio)}×`,
      barText(row),
      number(row.n),
    ]),
  );
  console.log(`\n${name}: ${description}\n${table}`);
}

/** Three digits say all that such a figure knows; counts are whole. */
function number(value: number | null): string {
  if (value === null) return "";
  const digits = Number.isInteger(value) || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
