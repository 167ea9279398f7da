import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Table from "cli-table3";
import { simulateFaults } from "./faults/command.ts";
import { plot } from "./plot.ts";
import { ideal, type Row, rowsOf } from "./rows.ts";
import { type Study, studies } from "./scenarios.ts";

const [...args] = process.argv.slice(2);
if (args.includes("--faults")) process.exit((await simulateFaults(args)) ? 0 : 1);
const isQuick = args.includes("--quick");
const only = args.filter((arg) => !arg.startsWith("--"));
/** Quick ones are no pictures for anybody to look at. */
const folder = isQuick ? undefined : "docs/simulation";

console.log(
  "Tasks of lognormal length, median 1 ms, sigma 1.5; 4 cpus a host; a message takes 0.1 to 0.3 ms.\n" +
    "`wray` is the policy and the state machines that hosts and clients run; time and messages are simulated.\n",
);
const bars: { what: string; value: string; isMet: boolean }[] = [];
for (const study of studies(isQuick)) {
  if (only.length > 0 && !only.includes(study.name)) continue;
  const rows = [...rowsOf(study)];
  print(study, rows);
  judge(study, rows);
  if (folder === undefined) continue;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${study.name}.svg`), await plot(study, rows));
}
for (const { what, value, isMet } of bars) console.log(`${isMet ? "met   " : "MISSED"}  ${what}: ${value}`);
if (folder !== undefined) console.log(`\nPictures are in ${folder}/.`);

function print({ name, title, by, measure }: Study, rows: readonly Row[]): void {
  const isWait = measure === "wait";
  const head = isWait
    ? [by, "policy", "wait, mean", "p50", "p99", "messages a task", "tasks"]
    : [by, "policy", "makespan", "of the ideal", "utilisation", "messages a task", "tasks"];
  const table = new Table({
    head,
    style: { head: [], border: [] },
    colAligns: ["left", "left", "right", "right", "right", "right", "right"],
  });
  for (const row of rows) {
    const best = idealOf(rows, row.at);
    const first = isWait
      ? [row.mean.toFixed(3), row.p50.toFixed(3), row.p99.toFixed(3)]
      : [
          row.makespan.toFixed(0),
          best === undefined ? "" : `${(row.makespan / best.makespan).toFixed(2)}×`,
          `${(100 * row.utilisation).toFixed(0)} %`,
        ];
    table.push([
      row.at.toLocaleString("en"),
      row.policy,
      ...first,
      row.messages.toFixed(2),
      row.tasks.toLocaleString("en"),
    ]);
  }
  console.log(`${name}: ${title}, ms\n${table.toString()}\n`);
  for (const { at, policy, messagesByKind } of rows) {
    if (policy !== "wray") continue;
    const kinds = Object.entries(messagesByKind).map(([kind, count]) => `${kind} ${count.toFixed(2)}`);
    console.log(`  messages of wray, ${at.toLocaleString("en")}: ${kinds.join(", ")}`);
  }
  console.log();
}

function judge({ name }: Study, rows: readonly Row[]): void {
  for (const row of rows) {
    if (row.policy !== "wray") continue;
    if (name === "hosts" && row.at === 1_000) {
      const ratio = row.p99 / idealOf(rows, row.at)!.p99;
      bars.push({
        ...{ what: "p99 of waiting at 1,000 hosts and 80 % load ≤ 3× the ideal central queue" },
        ...{ value: `${ratio.toFixed(2)}×`, isMet: ratio <= 3 },
      });
      bars.push({
        ...{ what: "messages a task beyond the one that carries it ≤ 0.6" },
        ...{ value: (row.messages - 1).toFixed(2), isMet: row.messages <= 1.6 },
      });
    }
    if (name === "makespan") {
      const ratio = row.makespan / idealOf(rows, row.at)!.makespan;
      bars.push({
        ...{ what: `makespan, ${row.at} ≤ 1.1× the ideal` },
        ...{ value: `${ratio.toFixed(2)}×`, isMet: ratio <= 1.1 },
      });
    }
  }
}

function idealOf(rows: readonly Row[], at: number | string): Row | undefined {
  return rows.find((row) => row.at === at && row.policy === ideal);
}
