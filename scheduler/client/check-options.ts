import { InvalidTaskError } from "../protocol/errors.ts";
import { longestTimerMs } from "../time/longest-timer.ts";

/** @throws InvalidTaskError for an option that `method` does not have */
export function checkOptionNames(method: string, options: object, names: readonly string[]): void {
  const unknown = Object.keys(options).filter((name) => !names.includes(name));
  if (unknown.length === 0) return;
  throw new InvalidTaskError(`${method} has no option ${unknown.join(", ")}`, {
    remedy: `The options are ${names.join(", ")}.`,
  });
}

/** @throws InvalidTaskError for what is no time that a timer can run */
export function checkTimeMs(option: string, value: unknown, remedy: string): void {
  if (typeof value === "number" && value >= 0 && value <= longestTimerMs) return;
  throw new InvalidTaskError(
    `option ${option} must be a number from 0 to ${longestTimerMs}, but is ${String(value)}`,
    { remedy, data: { option } },
  );
}
