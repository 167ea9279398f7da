import { InvalidTaskError } from "../protocol/errors.ts";
import { checkOptionNames, checkTimeMs } from "./check-options.ts";
import type { ObjectRef } from "./object-ref.ts";

export type WaitOptions = {
  /** How many are enough. Default 1. */
  numReturns?: number;
  /** The longest to wait; 0 looks at what is ready now. Default: for ever. */
  timeoutMs?: number;
};

type WhenReady = (id: string, listener: () => void) => () => void;

/** See `Client.wait`. */
export async function waitFor<T>(
  refs: readonly ObjectRef<T>[],
  options: WaitOptions,
  whenReady: WhenReady,
): Promise<{ ready: ObjectRef<T>[]; pending: ObjectRef<T>[] }> {
  const { numReturns = 1, timeoutMs } = checkWaitOptions("wait", options, ["numReturns", "timeoutMs"]);
  check(refs, numReturns);
  const readyIds = new Set<string>();
  const stops: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    for (const { id } of refs) {
      stops.push(
        whenReady(id, () => {
          readyIds.add(id);
          if (readyIds.size >= numReturns) resolve();
        }),
      );
    }
    if (timeoutMs !== undefined) timer = setTimeout(resolve, timeoutMs);
  });
  clearTimeout(timer);
  for (const stop of stops) stop();

  const ready: ObjectRef<T>[] = [];
  const pending: ObjectRef<T>[] = [];
  for (const ref of refs) {
    (readyIds.has(ref.id) && ready.length < numReturns ? ready : pending).push(ref);
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

function check(refs: readonly ObjectRef[], numReturns: number): void {
  if (new Set(refs.map(({ id }) => id)).size < refs.length) {
    throw new InvalidTaskError("wait was given the same ref twice", { remedy: "Give each ref once." });
  }
  if (!Number.isInteger(numReturns) || numReturns < 1 || numReturns > refs.length) {
    throw new InvalidTaskError(
      `numReturns must be an integer from 1 to the number of refs, ${refs.length}, but is ${numReturns}`,
    );
  }
}
