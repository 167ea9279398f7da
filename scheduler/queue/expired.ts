import { TaskExpiredError, TaskTimeoutError } from "../protocol/errors.ts";

/** What becomes of a task that has waited for longer than it is wanted, with its client or on a host. */
export const expired = (label: string): TaskExpiredError =>
  new TaskExpiredError(`${label} waited longer than its ttlMs and was not run`, {
    remedy: "Raise ttlMs, or start more hosts.",
    data: { kernel: label },
  });

/** What becomes of a task that is not done in time, wherever it is. */
export const missedDeadline = (label: string, deadlineMs: number): TaskTimeoutError =>
  new TaskTimeoutError(`${label} was not done by its deadline, ${deadlineMs} ms after it was submitted`, {
    remedy: "Raise deadlineMs, or start more hosts.",
    data: { kernel: label, limit: "deadlineMs", deadlineMs },
  });
