/** Retries of a job that does not ask for another number of them. */
export const defaultMaxRetries = 3;
export const defaultBackoffMs = 1_000;
/** However often a job has failed, it is tried again after so long. */
const longestBackoffMs = 300_000;

/** What failed without the kernel: it may work elsewhere, or later. */
const systemCodes = new Set([
  ...["WORKER_CRASHED", "HOST_DIED", "OBJECT_LOST", "OBJECT_STORE_FULL", "OUT_OF_DISK"],
  ...["CONNECTION_FAILED", "INFEASIBLE_TASK"],
]);
/** What the kernel itself came to. What no other run can mend is in neither list. */
const kernelCodes = new Set([
  ...["TASK_ERROR", "STACK_OVERFLOW", "TASK_TIMEOUT", "OUT_OF_MEMORY", "LIMIT_EXCEEDED"],
]);

export type RetryRules = { maxRetries?: number; retryErrors?: boolean; backoffMs?: number };

/**
 * How long a job that failed is to wait until it is run again; undefined when it is not.
 * @param attempts how often it was run
 * @param random from 0 to 1: jobs that failed together are not to come back together
 */
export function retryAfterMs(
  code: string,
  attempts: number,
  { maxRetries = defaultMaxRetries, retryErrors = false, backoffMs = defaultBackoffMs }: RetryRules,
  random: number,
): number | undefined {
  const mayHelp = systemCodes.has(code) || (retryErrors && kernelCodes.has(code));
  if (!mayHelp || attempts > maxRetries) return undefined;
  const fullMs = Math.min(backoffMs * 2 ** (attempts - 1), longestBackoffMs);
  return Math.round(fullMs * (0.5 + random / 2));
}
