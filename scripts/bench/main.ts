// Measures wray on this machine, each figure beside what its bare means give in the same run.
//
//   npm run bench [-- [suite …] [--json FILE] [--quick]]
import { writeFile } from "node:fs/promises";
import { Argument, Command, Option } from "commander";
import { Belongings } from "../belongings.ts";
import { findNatsServer } from "../nats/index.ts";
import { runProgram } from "../run-program.ts";
import { readHead } from "./head.ts";
import { printHead, printRows } from "./print.ts";
import type { Row } from "./suite.ts";
import { suites } from "./suites.ts";

const names = suites.map(({ name }) => name);
const program = new Command("npm run bench --")
  .description(
    "Measures wray on this machine. A ratio is to the baseline, measured by turns in the same run.",
  )
  .addArgument(new Argument("[suite...]", "what to measure; by default everything").choices(names))
  .option("--json <file>", "write the figures to a file, too")
  .addOption(new Option("--quick", "only see that everything works").env("WRAY_BENCH_QUICK"))
  .addHelpText(
    "after",
    `\nSuites:\n${suites.map(({ name, description }) => `  ${name.padEnd(12)}${description}`).join("\n")}`,
  )
  .showHelpAfterError("(--help shows what there is)")
  .action(bench);

/** What all suites have started. */
let all: Belongings;

async function bench(chosen: string[], { json, quick = false }: { json?: string; quick?: boolean }) {
  const natsServer = await findNatsServer({ onProgress: (line) => console.error(line) });
  const head = await readHead({ natsServer, isQuick: quick });
  const rows: Row[] = [];
  const save = async () => {
    if (json !== undefined) await writeFile(json, `${JSON.stringify({ head, rows }, null, 2)}\n`);
  };
  await save();
  printHead(head);
  for (const suite of suites.filter(({ name }) => chosen.length === 0 || chosen.includes(name))) {
    // Each suite stops what it started before the next begins, and all of it ends with the program.
    const belongings = await all.start(
      async () => new Belongings(),
      (started) => started.stop(),
    );
    const context = {
      isQuick: quick,
      natsServer,
      start: <T>(start: () => Promise<T>, stop: (started: T) => unknown) => belongings.start(start, stop),
    };
    const suiteRows: Row[] = [];
    for await (const figure of suite.run(context)) suiteRows.push({ suite: suite.name, ...figure });
    await belongings.stop();
    printRows(suite, suiteRows);
    rows.push(...suiteRows);
    await save();
  }
}

await runProgram(async (belongings) => {
  all = belongings;
  await program.parseAsync();
  return 0;
});
