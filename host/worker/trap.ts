import { LimitExceededError, TaskError, type WrayError } from "../../scheduler/protocol/errors.ts";
import { BrokenValue } from "./values.ts";

/** What a kernel's `abort` says: an assertion that failed, an error that was thrown. */
export class KernelAbort extends Error {
  readonly position: string;

  constructor(message: string, file: string, line: number, column: number) {
    super(message);
    this.position = `${file}:${line}:${column}`;
  }
}

/** The error of a task whose kernel failed: by an abort, by a trap, or by running out of stack. */
export function taskError(kernel: string, error: unknown): WrayError {
  if (error instanceof LimitExceededError) return error;
  if (error instanceof BrokenValue) {
    return new TaskError(`${kernel} returned a broken value: ${error.message}`, {
      remedy: "Return only what was made by `new` or is an argument, and leave no hole in an array.",
      data: { kernel },
    });
  }
  if (error instanceof KernelAbort) {
    return new TaskError(`${kernel}: ${error.message} (at ${error.position})`, {
      data: { kernel, position: error.position },
    });
  }
  const reason =
    error instanceof RangeError ? "out of stack: it recurses too deeply" : (error as Error).message;
  return new TaskError(`${kernel}: ${reason}`, { data: { kernel }, cause: error });
}
