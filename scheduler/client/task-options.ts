import type { Progress, TaskTemplate } from "../dataflow/pending-task.ts";
import type { RetryErrors } from "../dataflow/retries.ts";
import type { Selector } from "../placement/labels.ts";
import { defaultNeed } from "../placement/resources.ts";
import { InvalidTaskError, WrayError } from "../protocol/errors.ts";
import { type Capability, capabilities, type Limits, limitNames } from "../protocol/limits.ts";
import type { GangPlace, Resources } from "../protocol/messages.ts";
import { isName } from "../protocol/subjects.ts";
import { longestTimerMs } from "../time/longest-timer.ts";
import { bundleOf, PlacementGroup } from "./placement-group.ts";

/** How a task is to be run: its limits, and these. */
export type TaskOptions = Partial<Limits> & {
  /** How often it is run again after its worker or host died, or to make its lost result again. Default 3. */
  maxRetries?: number;
  /**
   * The classes of the errors of the kernel itself after which it is tried again, or `true` for each: `[TaskError]`. Each
   * attempt draws other random numbers, and all count as retries.
   */
  retryErrors?: boolean | readonly (new (message: string) => WrayError)[];
  /** What the kernel may use of `clock`, `log`, `submit` and `gpu`. Default: `["log", "submit"]`. */
  grant?: readonly Capability[];
  /** The seed of its random numbers, at most 256 characters. Default: the task's id, which no other task has. */
  seed?: string;
  /** What its clock is to say, reading by reading, in ms; see `Client.recording`. */
  clock?: readonly number[];
  /** Hears how far the task has come, as the kernel tells by `progress`. */
  onProgress?: (progress: Progress) => void;
  /** By which of its variants a kernel is to be run that has several: "wasm", "simd", "gpu". Default: which costs least. */
  variant?: string;
  /** How many of its items may be there that nobody has taken, for `stream`. Default 16. */
  maxUnread?: number;
} & Scheduling;

/** The options of a kernel, with what its gang says of a call. */
export type KernelOptions = TaskOptions & { gang?: GangPlace };

/** Where and when a task is to be run. */
export type Scheduling = {
  /** What it takes of its host while it runs, in fractions, too: `cpu` (1 if not said), `gpu`, `memory` in bytes, others. */
  resources?: Resources;
  /** Labels that its host must have: a value, one of several, or with `!` any other than it. */
  labels?: Selector;
  /** Labels that its host should have, and need not. */
  prefer?: Selector;
  /** The id of the only host that it may go to. */
  host?: string;
  /** The higher, the sooner. What waits counts as one higher with each second. Default 0. */
  priority?: number;
  /** It fails with TASK_EXPIRED when it has not begun so long after its submission. */
  ttlMs?: number;
  /** It fails with TASK_TIMEOUT when it is not done so long after its submission, and so do the tasks it submits. */
  deadlineMs?: number;
  /** Where it runs: in what this placement group has reserved, in its bundle of this number (0 if not said). */
  group?: PlacementGroup;
  bundle?: number;
  /** No more of this client's tasks with this key than `maxConcurrent` (1 if not said) are under way at once. */
  key?: string;
  maxConcurrent?: number;
};

export const schedulingNames = [
  ...["resources", "labels", "prefer", "host", "priority", "ttlMs", "deadlineMs", "key", "maxConcurrent"],
  ...["group", "bundle"],
] as (keyof Scheduling)[];

export const defaultMaxRetries = 3;
export const defaultMaxUnread = 16;

export type Check = { test(value: unknown): boolean; expected: string };

export const integerFrom = (least: number, most = longestTimerMs): Check => ({
  test: (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
  expected: `an integer from ${least} to ${most}`,
});
const anyBytes = integerFrom(0, 2 ** 32);
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const selector: Check = {
  test: (value) =>
    isRecord(value) &&
    Object.values(value).every((each) =>
      Array.isArray(each) ? each.every((one) => typeof one === "string") : typeof each === "string",
    ),
  expected: "an object of label names with a string, or a list of strings, each",
};

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
  retryErrors: {
    test: (value) =>
      typeof value === "boolean" ||
      (Array.isArray(value) && value.every((each) => each?.prototype instanceof WrayError)),
    expected: "true, false, or a list of error classes of wray",
  },
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
  variant: { test: (value) => typeof value === "string", expected: "the name of a variant" },
  maxUnread: integerFrom(1),
  resources: {
    test: (value) =>
      isRecord(value) && Object.values(value).every((each) => Number.isFinite(each) && (each as number) >= 0),
    expected: "an object of names with an amount from 0 each",
  },
  labels: selector,
  prefer: selector,
  host: { test: (value) => typeof value === "string" && isName(value), expected: "the id of a host" },
  priority: { test: (value) => Number.isFinite(value), expected: "a number" },
  ttlMs: integerFrom(0),
  deadlineMs: integerFrom(1),
  key: {
    test: (value) => typeof value === "string" && value.length <= 256,
    expected: "a string of at most 256 characters",
  },
  maxConcurrent: integerFrom(1),
  group: { test: (value) => value instanceof PlacementGroup, expected: "what placementGroup() returned" },
  bundle: integerFrom(0),
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

/** Options as tasks are submitted with them; a seed is each one's own. */
export function templateOptions({
  maxRetries = defaultMaxRetries,
  onProgress,
  grant,
  retryErrors,
  seed: _,
  clock,
  gang,
  variant: __,
  ...others
}: KernelOptions): Omit<TaskTemplate, "label" | "module" | "kernel"> {
  const { resources, labels, prefer, host, priority, ttlMs, deadlineMs, key, maxConcurrent } = others;
  const { group, bundle: index = 0 } = others;
  const hasPlace = labels !== undefined || prefer !== undefined || host !== undefined;
  const limits = limitsIn(others);
  const need = resources && { ...defaultNeed, ...resources };
  const bundle = group && bundleOf(group, index, need ?? defaultNeed);
  return {
    ...{
      maxRetries,
      retryErrors: retryCodes(retryErrors),
      onProgress,
      ttlMs,
      deadlineMs,
      key,
      maxConcurrent,
      bundle,
    },
    ...(hasPlace && {
      where: { ...(labels && { labels }), ...(prefer && { prefer }), ...(host && { host }) },
    }),
    options: {
      ...(need && { need }),
      ...(bundle && { bundle: { group: bundle.group, index } }),
      ...(priority !== undefined && { priority }),
      ...(Object.keys(limits).length > 0 && { limits }),
      ...(grant && { grant: [...grant] }),
      ...(clock && { clock: [...clock] }),
      ...(gang && { gang: gang.size }),
      ...(maxRetries === 0 && { once: true as const }),
    },
  };
}

const retryCodes = (given: TaskOptions["retryErrors"] = false): RetryErrors | undefined =>
  typeof given === "boolean" ? (given ? "all" : undefined) : given.map((each) => new each("").code);

/** The limits among options. */
export const limitsIn = (options: Partial<Limits>): Partial<Limits> =>
  Object.fromEntries(
    limitNames.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  );
