import { TaskExpiredError } from "../protocol/errors.ts";

/** What becomes of a task that has waited for longer than it is wanted, with its client or on a host. */
export const expired = (label: string): TaskExpiredError =>
  new TaskExpiredError(`${label} waited longer than its ttlMs and was not run`, {
    remedy: "Raise ttlMs, or start more hosts.",
    data: { kernel: label },
  });
