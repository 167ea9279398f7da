import { InvalidTaskError } from "../protocol/errors.ts";

/** The longest that a timer runs, 24 days; one that is set for longer goes off at once. */
export const longestTimerMs = 2 ** 31 - 1;

/** @throws InvalidTaskError for what is no time that a timer can run */
export function checkTimeMs(option: string, value: unknown, remedy: string): void {
  if (typeof value === "number" && value >= 0 && value <= longestTimerMs) return;
  throw new InvalidTaskError(
    `option ${option} must be a number from 0 to ${longestTimerMs}, but is ${String(value)}`,
    { remedy, data: { option } },
  );
}
