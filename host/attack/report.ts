/** What became of all runs of the attacks of one name. */
export type Tally = {
  name: string;
  runs: number;
  /** How many ended how. */
  endings: Map<string, number>;
  /** What each run said that did not end as it was to, at most `mostKept`. */
  unexpected: string[];
  unexpectedCount: number;
  /** Of those that ran into their time limit, how long after it the client heard of it. */
  lateMs: number[];
};

export type Report = {
  seed: string;
  tallies: Tally[];
  honestCount: number;
  /** What was wrong with answers to honest tasks. */
  wrong: string[];
  /** How many tasks ran at once, when there were more than enough. */
  workers: { before: number; after: number };
  /** Resident memory of the hosts, in bytes; undefined when they don't tell. */
  memory: { before: number; after: number } | undefined;
  elapsedMs: number;
};

/** How many messages of one kind are kept. */
export const mostKept = 5;
/** By what part resident memory may have grown. */
export const allowedGrowth = 0.1;

export const hasGrown = ({ before, after }: NonNullable<Report["memory"]>): boolean =>
  after > before * (1 + allowedGrowth);

/** What has failed; nothing when all attacks were repelled. */
export function failuresOf({ tallies, wrong, workers, memory }: Report): string[] {
  const failures = tallies
    .filter(({ unexpectedCount }) => unexpectedCount > 0)
    .map(
      ({ name, unexpectedCount, unexpected }) => `${unexpectedCount} of "${name}": ${unexpected.join("; ")}`,
    );
  if (wrong.length > 0) failures.push(`${wrong.length} honest tasks: ${wrong.slice(0, mostKept).join("; ")}`);
  if (workers.after < workers.before) failures.push(`${workers.before - workers.after} workers are missing`);
  if (memory !== undefined && hasGrown(memory)) {
    failures.push(`resident memory has grown by ${percent(memory.after / memory.before - 1)}`);
  }
  return failures;
}

export const percent = (part: number): string => `${part < 0 ? "−" : ""}${Math.abs(part * 100).toFixed(1)} %`;
