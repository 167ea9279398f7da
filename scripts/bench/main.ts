// Measures wray on this machine, each figure beside what its bare means give in the same run.
//
//   npm run bench [-- [suite …] [--json FILE] [--quick]]
import { writeFile } from "node:fs/promises";
import { Argument, Command, Option } from "commander";
import { Belongings } from "../belongings.ts";
import { findNatsServer } from "../nats/index.ts";
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

/** What the suite that runs now has started. */
let belongings = new Belongings();
let isEnding = false;

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
    belongings = new Belongings();
    const current = belongings;
    const context = {
      isQuick: quick,
      natsServer,
      start: <T>(start: () => Promise<T>, stop: (started: T) => unknown) => current.start(start, stop),
    };
    const suiteRows: Row[] = [];
    for await (const figure of suite.run(context)) suiteRows.push({ suite: suite.name, ...figure });
    await current.stop();
    printRows(suite, suiteRows);
    rows.push(...suiteRows);
    await save();
  }
}

/** Stops everything and exits; when asked again meanwhile, at once. */
async function end(exitCode: number): Promise<never> {
  if (isEnding) process.exit(exitCode);
  isEnding = true;
  try {
    await belongings.stop();
  } catch (error) {
    console.error(error);
    process.exit(exitCode || 1);
  }
  process.exit(exitCode);
}

process.on("SIGINT", () => void end(130));
process.on("SIGTERM", () => void end(143));
process.on("SIGHUP", () => void end(129));

let exitCode = 0;
try {
  await program.parseAsync();
} catch (error) {
  if (!isEnding) console.error(error);
  exitCode = 1;
}
if (!isEnding) await end(exitCode);
