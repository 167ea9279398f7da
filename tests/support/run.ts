// node build/tests/support/run.mjs [--root DIR] [--jobs N] [--deadline-ms N] [filter …]
// Runs every test file of a repository whose path contains one of the filters, each in a process of its own.
import { existsSync, readdirSync } from "node:fs";
import { constants } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { runFile } from "./run-file.ts";
import { closingLine, judge, type Verdict } from "./verdict.ts";

const { values, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: {
    root: { type: "string", default: "." },
    jobs: { type: "string", default: "2" },
    "deadline-ms": { type: "string", default: "300000" },
  },
});
const root = resolve(values.root);
const deadlineMs = Number(values["deadline-ms"]);
const counts = { passed: 0, failed: 0, skipped: 0 };
const problems: string[] = [];

const interruption = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.once(name, () => {
    problems.push(`interrupted by ${name}`);
    process.exitCode = 128 + constants.signals[name];
    interruption.abort();
  });
}

/** The sources decide what has to run: a file that the build has lost is a failure, a stale one is ignored. */
const sources = readdirSync(join(root, "tests"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => join("tests", name))
  .sort();
for (const filter of filters.filter((text) => !sources.some((source) => source.includes(text)))) {
  problems.push(`no test file matches ${filter}`);
}
const chosen = sources.filter(
  (source) => filters.length === 0 || filters.some((text) => source.includes(text)),
);

const queue = chosen.values();
await Promise.all(
  Array.from({ length: Number(values.jobs) }, async () => {
    for (const source of queue) {
      if (interruption.signal.aborted) return;
      add(source, await runSource(source));
    }
  }),
);

if (counts.passed + counts.failed === 0) problems.push("no test has run");
if (problems.length > 0) {
  counts.failed = Math.max(counts.failed, 1);
  process.exitCode ??= 1;
  console.log(`\n${problems.join("\n")}`);
}
console.log(`\n${closingLine(counts)}`);

/** Runs the built file of a source and prints its output whole. */
async function runSource(source: string): Promise<Verdict> {
  const built = join(root, "build", source.replace(/\.ts$/, ".mjs"));
  if (!existsSync(built)) {
    return { passed: 0, failed: 1, skipped: 0, problems: [`lost: the build has no ${built}`] };
  }
  const startMs = performance.now();
  const run = await runFile(built, { root, deadlineMs, abort: interruption.signal });
  const verdict = judge(run);
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(2);
  console.log(`── ${source}: ${closingLine(verdict)} (${seconds} s)\n${run.output.trimEnd()}\n`);
  return verdict;
}

function add(source: string, verdict: Verdict): void {
  counts.passed += verdict.passed;
  counts.failed += verdict.failed;
  counts.skipped += verdict.skipped;
  problems.push(...verdict.problems.map((problem) => `${source}: ${problem}`));
}
