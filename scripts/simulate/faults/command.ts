import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { shownStrike } from "../../faults/faults.ts";
import { runSeed, type SeedReport } from "./seed.ts";

const defaultSeeds = 200;
/** The last faults are those that matter most. */
const mostShown = 30;

/**
 * `npm run simulate -- --faults`: whole clusters under faults, seed by seed.
 * @param args `--seeds N`, `--minutes M`, `--from N` for the first seed; `--seed S`, with `--trace`, for that one alone
 * @returns whether all went well
 */
export async function simulateFaults(args: string[]): Promise<boolean> {
  const { values } = parseArgs({
    args,
    options: {
      ...{ faults: { type: "boolean" }, seeds: { type: "string" }, minutes: { type: "string" } },
      ...{ seed: { type: "string" }, trace: { type: "boolean" }, from: { type: "string" } },
      ...{ every: { type: "string" }, threads: { type: "string" } },
    },
  });
  const { seed, trace, minutes, seeds, from = "0", every, threads } = values;
  if (seed !== undefined) return runOne(Number(seed), trace === true);
  const forMs = minutes === undefined ? Number.POSITIVE_INFINITY : 60_000 * Number(minutes);
  const count = Number(seeds ?? (minutes === undefined ? defaultSeeds : Number.POSITIVE_INFINITY));
  // A child runs every second seed, or so.
  if (every !== undefined) return runSome({ first: Number(from), step: Number(every), count, forMs });
  return runAll({ first: Number(from), step: Number(threads ?? availableParallelism()), count, forMs });
}

type Share = { first: number; step: number; count: number; forMs: number };
type Sum = { seeds: number; tasks: number; events: number; strikes: number; mishaps: number; failed: number };

async function runOne(seed: number, isTraced: boolean): Promise<boolean> {
  const report = await runSeed(seed, isTraced ? { onEvent: (what) => console.log(what) } : {});
  console.log(
    `seed ${seed}: ${report.hostCount} hosts, ${report.taskCount} tasks, ${report.eventCount} events in ` +
      `${report.simulatedMs.toFixed(0)} simulated ms, trace ${report.hash}`,
  );
  print(report);
  return report.broken.length === 0;
}

/** In this process. Tells its parent, and prints what is broken. */
async function runSome({ first, step, count, forMs }: Share): Promise<boolean> {
  const startMs = performance.now();
  const sum: Sum = { seeds: 0, tasks: 0, events: 0, strikes: 0, mishaps: 0, failed: 0 };
  let isWell = true;
  for (let seed = first; seed < first + step * count && performance.now() - startMs < forMs; seed += step) {
    const report = await runSeed(seed);
    sum.seeds++;
    sum.tasks += report.taskCount;
    sum.events += report.eventCount;
    sum.strikes += report.strikes.length;
    sum.mishaps += report.mishaps.length;
    sum.failed += report.failedCount;
    if (report.broken.length === 0) continue;
    isWell = false;
    print(report);
  }
  process.send?.(sum);
  process.disconnect?.();
  return isWell;
}

/** In as many processes as there are threads: each replaces its own clock. */
async function runAll({ first, step: threads, count, forMs }: Share): Promise<boolean> {
  const startMs = performance.now();
  const shares = await Promise.all(
    Array.from({ length: threads }, (_, index) => {
      const share = Math.ceil((count - index) / threads);
      return runChild([
        ...["--faults", "--from", `${first + index}`, "--every", `${threads}`],
        ...(Number.isFinite(share) ? ["--seeds", `${share}`] : []),
        ...(Number.isFinite(forMs) ? ["--minutes", `${forMs / 60_000}`] : []),
      ]);
    }),
  );
  const total = (name: keyof Sum) => shares.reduce((sum, { said }) => sum + (said?.[name] ?? 0), 0);
  const seconds = (performance.now() - startMs) / 1_000;
  const isWell = shares.every(({ code, said }) => code === 0 && said !== undefined);
  console.log(
    `${total("seeds").toLocaleString("en")} seeds in ${seconds.toFixed(0)} s, ${(total("seeds") / seconds).toFixed(1)} a second: ` +
      `${total("tasks").toLocaleString("en")} tasks, of which ${total("failed").toLocaleString("en")} have failed with a reason, ` +
      `${total("events").toLocaleString("en")} events, ${total("strikes").toLocaleString("en")} faults of messages, ` +
      `${total("mishaps").toLocaleString("en")} of processes. ${isWell ? "All is well." : "Something is BROKEN."}`,
  );
  return isWell;
}

function runChild(args: string[]): Promise<{ code: number | null; said: Sum | undefined }> {
  return new Promise((resolve, reject) => {
    let said: Sum | undefined;
    const child = fork(process.argv[1]!, args);
    child.on("message", (message) => {
      said = message as Sum;
    });
    child.on("error", reject);
    child.on("exit", (code) => resolve({ code, said }));
  });
}

function print({ seed, broken, rules, strikes, mishaps }: SeedReport): void {
  if (broken.length === 0) return;
  const list = (title: string, lines: string[]) =>
    console.log(
      [`  ${title}`, ...lines.slice(-mostShown).map((line) => `    ${line}`)].join("\n") +
        (lines.length > mostShown ? `\n    and ${lines.length - mostShown} before` : ""),
    );
  console.log(`\nseed ${seed} BROKEN; again: npm run simulate -- --faults --seed ${seed} --trace`);
  list("what is broken:", broken);
  list(
    "rules:",
    rules.map(({ type, fault, probability }) => `${type} ${fault}, ${(100 * probability).toFixed(0)} %`),
  );
  list(
    "what happened:",
    mishaps.map(({ atMs, what }) => `${atMs.toFixed(1)} ms  ${what}`),
  );
  list("the last faults of messages:", strikes.map(shownStrike));
}
