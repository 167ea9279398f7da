import { InvalidTaskError } from "../protocol/errors.ts";
import { longestTimerMs } from "../time/longest-timer.ts";

/** How a task is to be run. */
export type TaskOptions = {
  /** The wall time it may run, in ms; then it fails with TaskTimeoutError. Default: no limit. */
  timeoutMs?: number;
  /** How often it is run again after its worker or host died. Default 3. */
  maxRetries?: number;
};

export const defaultMaxRetries = 3;

/** @throws InvalidTaskError for an unknown option or a value out of range */
export function checkTaskOptions(options: TaskOptions): TaskOptions {
  for (const [name, value] of Object.entries(options)) {
    const least = name === "timeoutMs" ? 1 : name === "maxRetries" ? 0 : undefined;
    if (least === undefined) {
      throw new InvalidTaskError(`unknown option ${JSON.stringify(name)}`, {
        remedy: "The options of a task are timeoutMs and maxRetries.",
        data: { option: name },
      });
    }
    if (!Number.isInteger(value) || value < least || value > longestTimerMs) {
      throw new InvalidTaskError(`option ${name} must be an integer from ${least}, but is ${String(value)}`, {
        data: { option: name },
      });
    }
  }
  return options;
}
