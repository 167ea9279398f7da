import type { JobRequest } from "../jobs/job.ts";
import { isName } from "../protocol/subjects.ts";
import { type Checks, checkOptionsBy, integerFrom, type TaskOptions, taskChecks } from "./task-options.ts";

/** How a job is to be run: as a task, and these. */
export type DurableOptions = Omit<
  TaskOptions,
  "clock" | "onProgress" | "maxUnread" | "group" | "bundle" | "retryErrors"
> & {
  durable: true;
  /** Names the job: of two with one id, only the first is run. Default: a random one. */
  id?: string;
  /** Whether it is run again, too, when the kernel itself fails: by a trap, or past a limit. Default: no. */
  retryErrors?: boolean;
  /** How long the first retry waits, in ms; each further one waits twice as long, up to 5 minutes. Default 1,000. */
  backoffMs?: number;
};

const { clock, onProgress, maxUnread, group, bundle, retryErrors, ...common } = taskChecks;

const isFlag = (value: unknown) => typeof value === "boolean";

const checks: Checks<DurableOptions> = {
  ...common,
  durable: { test: (value) => value === true, expected: "true" },
  id: {
    test: (value) => typeof value === "string" && isName(value),
    expected: "1 to 64 letters, digits, _ and -",
  },
  retryErrors: { test: isFlag, expected: "true or false" },
  backoffMs: integerFrom(0),
};

/** @throws InvalidTaskError for an unknown option, one that a job can't have, or a value out of range */
export const checkDurableOptions = (options: DurableOptions): DurableOptions =>
  checkOptionsBy(checks, options, "a job");

/** What options say in a job. */
export function requestOf({
  durable: _,
  id: __,
  grant,
  ...others
}: DurableOptions): Omit<JobRequest, "kernel" | "args"> {
  return { ...others, ...(grant && { grant: [...grant] }) };
}
