import { inspect } from "node:util";
import * as assert from "uvu/assert";

export { assert };

export type CodedError = Error & { code: string };

/** Fails unless `promise` rejects with an error that carries this code; returns that error. */
export async function rejects(promise: Promise<unknown>, code: string): Promise<CodedError> {
  return promise.then(
    (value) => fail("rejects", `expected a rejection with ${code}, but it was fulfilled`, code, value),
    (error: unknown) => hasCode("rejects", error, code),
  );
}

/** Fails unless `work` throws, synchronously, an error that carries this code; returns that error. */
export function throwsCode(work: () => unknown, code: string): CodedError {
  let value: unknown;
  try {
    value = work();
  } catch (error) {
    return hasCode("throwsCode", error, code);
  }
  return fail("throwsCode", `expected ${code} to be thrown, but it returned`, code, value);
}

function hasCode(operator: string, error: unknown, code: string): CodedError {
  if (error instanceof Error && "code" in error && error.code === code) return error as CodedError;
  return fail(operator, `expected an error with code ${code}, but got another`, code, error);
}

function fail(operator: string, message: string, expects: unknown, actual: unknown): never {
  throw new assert.Assertion({ message, operator, expects, actual, details: inspect(actual) });
}
