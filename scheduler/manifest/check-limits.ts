import { InvalidTaskError, LimitExceededError } from "../protocol/errors.ts";
import type { Capability } from "../protocol/limits.ts";
import { numberBytes } from "../protocol/value-format.ts";

/** @throws InvalidTaskError that names what the module imports and the task was not granted */
export function checkGrant(kernel: string, needs: readonly Capability[], grant: readonly Capability[]): void {
  const missing = needs.filter((capability) => !grant.includes(capability));
  if (missing.length === 0) return;
  throw new InvalidTaskError(
    `${kernel}: its module uses ${missing.join(" and ")}, which the task is not granted`,
    {
      remedy: `Grant it by the option grant: ${JSON.stringify([...grant, ...missing])}.`,
      data: { kernel, missing },
    },
  );
}

/** The most arguments of a task. */
export const mostArguments = 256;

/** @throws InvalidTaskError for more arguments than any task may have */
export function checkArgRoom(kernel: string, argCount: number): void {
  if (argCount <= mostArguments) return;
  throw new InvalidTaskError(
    `${kernel} was given ${argCount} arguments; a task has at most ${mostArguments}`,
    {
      remedy: "Pass them as one array, or as an object.",
      data: { kernel, expected: mostArguments, actual: argCount },
    },
  );
}

/** @throws LimitExceededError when these arguments, encoded, have more bytes together; those given by ref are left out */
export function checkArgBytes(
  kernel: string,
  args: readonly ({ byteLength: number } | number | string)[],
  maxArgumentBytes: number,
): void {
  let bytes = 0;
  for (const arg of args) {
    if (typeof arg === "number") bytes += numberBytes;
    else if (typeof arg !== "string") bytes += arg.byteLength;
  }
  if (bytes <= maxArgumentBytes) return;
  throw new LimitExceededError(
    `${kernel} was given ${bytes} bytes of arguments; its limit is ${maxArgumentBytes}`,
    {
      remedy: "Pass less at a time, or raise maxArgumentBytes.",
      data: { kernel, limit: "maxArgumentBytes", maxArgumentBytes, bytes },
    },
  );
}
