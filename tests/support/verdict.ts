import type { TestEvent } from "./events.ts";

/** All that is known of a test file once its process has ended. */
export type FileRun = {
  events: readonly TestEvent[];
  exitCode: number | null;
  /** The signal that ended the process, if one did. */
  signal: string | null;
  /** The deadline, if the file was killed because it was past it. */
  exceededMs?: number;
  /** The command lines of the processes that outlived it. */
  leftProcesses: readonly string[];
  /** What was left in its temp folder. */
  leftFiles: readonly string[];
};

export type Counts = { passed: number; failed: number; skipped: number };
export type Verdict = Counts & { problems: string[] };

/** Counts the tests of a file and names everything that is wrong with its run. */
export function judge(run: FileRun): Verdict {
  const names: string[] = [];
  const outcomes = new Map<number, string>();
  let running: string | undefined;
  for (const event of run.events) {
    if (event.type === "declared") names.push(event.name);
    if (event.type === "started") running = names[event.id];
    if (event.type === "ended") {
      outcomes.set(event.id, event.outcome);
      running = undefined;
    }
  }
  const namesOf = (outcome: string | undefined) => names.filter((_, id) => outcomes.get(id) === outcome);
  const failed = namesOf("failed");
  const notEnded = namesOf(undefined);
  const problems = [
    ...failed.map((name) => `failed: ${name}`),
    ...howItEnded(run, failed.length > 0, running),
    ...notEnded.filter((name) => name !== running).map((name) => `not run: ${name}`),
    ...(names.length === 0 ? ["no tests: nothing was declared with suite() of tests/support"] : []),
    ...run.leftProcesses.map((command) => `left a process behind: ${command}`),
    ...run.leftFiles.map((path) => `left a file behind: ${path}`),
  ];
  return {
    passed: namesOf("passed").length,
    failed: Math.max(failed.length + notEnded.length, problems.length > 0 ? 1 : 0),
    skipped: namesOf("skipped").length,
    problems,
  };
}

function howItEnded(run: FileRun, hasFailed: boolean, running: string | undefined): string[] {
  const { exitCode, signal, exceededMs } = run;
  const isFinished = run.events.some(({ type }) => type === "finished");
  const during = running
    ? ` while this test was running: ${running}`
    : isFinished
      ? ""
      : " outside of any test";
  if (exceededMs !== undefined) return [`killed at its deadline of ${exceededMs} ms${during}`];
  if (signal) return [`killed by ${signal}${during}`];
  if (!isFinished) return [`exited with code ${exitCode}${during}`];
  const expected = hasFailed ? 1 : 0;
  return exitCode === expected ? [] : [`exited with code ${exitCode} after its tests`];
}

/** The closing line of a run. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
