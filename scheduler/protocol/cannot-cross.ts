import { InvalidTaskError } from "./errors.ts";

/** What is due for a value that has no encoding. */
export const cannotCross = (what: string) =>
  new InvalidTaskError(`${what} can't be a task's argument or an object`, {
    remedy:
      "Pass numbers, booleans, bigints of 64 bits, strings, ArrayBuffers, typed arrays, tensors, and arrays and plain objects of these.",
  });
