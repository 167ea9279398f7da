import type { Progress, Submission } from "../dataflow/task-table.ts";
import { InvalidTaskError } from "../protocol/errors.ts";
import { type Capability, capabilities, type Limits, limitNames } from "../protocol/limits.ts";
import { longestTimerMs } from "../time/longest-timer.ts";

/** How a task is to be run: its limits, and these. */
export type TaskOptions = Partial<Limits> & {
  /** How often it is run again after its worker or host died. Default 3. */
  maxRetries?: number;
  /** What the kernel may use of `clock`, `log`, `submit` and `gpu`. Default: `["log", "submit"]`. */
  grant?: readonly Capability[];
  /** The seed of its random numbers, at most 256 characters. Default: the task's id, which no other task has. */
  seed?: string;
  /** What its clock is to say, reading by reading, in ms; see `Client.recording`. */
  clock?: readonly number[];
  /** Hears how far the task has come, as the kernel tells by `progress`. */
  onProgress?: (progress: Progress) => void;
};

const defaultMaxRetries = 3;

export type Check = { test(value: unknown): boolean; expected: string };

export const integerFrom = (least: number, most = longestTimerMs): Check => ({
  test: (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
  expected: `an integer from ${least} to ${most}`,
});
const anyBytes = integerFrom(0, 2 ** 32);

export type Checks<Options> = Record<keyof Options, Check>;

export const taskChecks: Checks<Required<TaskOptions>> = {
  timeoutMs: integerFrom(1),
  cpuMs: integerFrom(1),
  memoryBytes: anyBytes,
  maxArgumentBytes: anyBytes,
  maxResultBytes: anyBytes,
  maxLogBytes: anyBytes,
  maxNested: integerFrom(0, 1_000_000),
  maxRetries: integerFrom(0),
  grant: {
    test: (value) => Array.isArray(value) && value.every((each) => capabilities.includes(each)),
    expected: `a list of ${capabilities.join(", ")}`,
  },
  seed: {
    test: (value) => typeof value === "string" && value.length <= 256,
    expected: "a string of at most 256 characters",
  },
  clock: {
    test: (value) => Array.isArray(value) && value.every((each) => Number.isFinite(each)),
    expected: "a list of numbers",
  },
  onProgress: { test: (value) => typeof value === "function", expected: "a function" },
};

/** @throws InvalidTaskError for an unknown option or a value out of range */
export const checkTaskOptions = (options: TaskOptions): TaskOptions =>
  checkOptionsBy(taskChecks, options, "a task");

/** @throws InvalidTaskError for an option without a check, or a value that does not pass it */
export function checkOptionsBy<Options extends object>(
  checks: Checks<Options>,
  options: Options,
  what: string,
): Options {
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, name) ? checks[name as keyof Options] : undefined;
    if (check === undefined) {
      throw new InvalidTaskError(`unknown option ${JSON.stringify(name)}`, {
        remedy: `The options of ${what} are ${Object.keys(checks).join(", ")}.`,
        data: { option: name },
      });
    }
    if (!check.test(value)) {
      throw new InvalidTaskError(`option ${name} must be ${check.expected}, but is ${String(value)}`, {
        data: { option: name },
      });
    }
  }
  return options;
}

/** Options as a task is submitted with them. */
export function submissionOf({
  maxRetries = defaultMaxRetries,
  onProgress,
  grant,
  seed,
  clock,
  ...others
}: TaskOptions): Pick<Submission, "maxRetries" | "onProgress" | "options"> {
  const limits = Object.fromEntries(
    limitNames.flatMap((name) => (others[name] === undefined ? [] : [[name, others[name]]])),
  );
  return {
    maxRetries,
    onProgress,
    options: {
      ...(Object.keys(limits).length > 0 && { limits }),
      ...(grant && { grant: [...grant] }),
      ...(seed !== undefined && { seed }),
      ...(clock && { clock: [...clock] }),
    },
  };
}
