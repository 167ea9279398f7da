import { InvalidTaskError } from "../protocol/errors.ts";
import type { Backend } from "./backend.ts";
import { checkOptionNames, checkTimeMs } from "./check-options.ts";
import { type Handle, handleOf, type ObjectRef } from "./object-ref.ts";

export type WaitOptions = {
  /** How many are enough. Default 1. */
  numReturns?: number;
  /** The longest to wait; 0 looks at what is ready now. Default: for ever. */
  timeoutMs?: number;
};

/** See `Client.wait`. */
export async function waitFor<T>(
  refs: readonly ObjectRef<T>[],
  options: WaitOptions,
  backend: Pick<Backend, "isReady" | "whenReady">,
): Promise<{ ready: ObjectRef<T>[]; pending: ObjectRef<T>[] }> {
  const { numReturns = 1, timeoutMs } = checkWaitOptions("wait", options, ["numReturns", "timeoutMs"]);
  const handles = refs.map(handleOf);
  check(handles, numReturns);
  const isReady = (handle: Handle) => backend.isReady(handle);
  let missingCount = numReturns - handles.filter(isReady).length;
  if (missingCount > 0) {
    const stops: (() => void)[] = [];
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      const countReady = () => {
        if (--missingCount === 0) resolve();
      };
      for (const handle of handles) {
        if (!isReady(handle)) stops.push(backend.whenReady(handle, countReady));
      }
      if (timeoutMs !== undefined) timer = setTimeout(resolve, timeoutMs);
    });
    clearTimeout(timer);
    for (const stop of stops) stop();
  }

  const ready: ObjectRef<T>[] = [];
  const pending: ObjectRef<T>[] = [];
  for (const [index, ref] of refs.entries()) {
    (ready.length < numReturns && isReady(handles[index]!) ? ready : pending).push(ref);
  }
  return { ready, pending };
}

/** @throws InvalidTaskError for an option that `method` does not have, or a time that no timer can run */
export function checkWaitOptions<Options extends { timeoutMs?: number }>(
  method: string,
  options: Options,
  names: string[],
): Options {
  checkOptionNames(method, options, names);
  const { timeoutMs } = options;
  if (timeoutMs !== undefined) checkTimeMs("timeoutMs", timeoutMs, "Leave it out to wait for ever.");
  return options;
}

function check(handles: readonly Handle[], numReturns: number): void {
  if (new Set(handles).size < handles.length) {
    throw new InvalidTaskError("wait was given the same ref twice", { remedy: "Give each ref once." });
  }
  if (!Number.isInteger(numReturns) || numReturns < 1 || numReturns > handles.length) {
    throw new InvalidTaskError(
      `numReturns must be an integer from 1 to the number of refs, ${handles.length}, but is ${numReturns}`,
    );
  }
}
