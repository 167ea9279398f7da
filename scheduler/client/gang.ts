import { CollectiveError, WrayError } from "../protocol/errors.ts";
import type { Backend } from "./backend.ts";
import type { Handle } from "./object-ref.ts";

/**
 * Binds the results of a gang's calls together: when one fails, so do the others, and their tasks end, wherever they are and
 * whatever they wait for.
 * @param ended is called with the last of them
 */
export function bindGang(
  backend: Backend,
  group: string,
  results: readonly Handle[],
  ended: () => void,
): void {
  let leftCount = results.length;
  for (const [rank, result] of results.entries()) {
    backend.whenReady(result, () => {
      const error = backend.failure(result);
      if (error !== undefined) {
        const lost = lostWith(error, group, rank);
        for (const other of results) if (other !== result) backend.cancel(other, lost);
      }
      if (--leftCount === 0) ended();
    });
  }
}

/** What the others hear of the first that failed: of one that had only waited for another, that other is to blame. */
function lostWith(error: Error, group: string, rank: number): CollectiveError {
  if (error instanceof CollectiveError) return error;
  const code = error instanceof WrayError ? error.code : error.name;
  return new CollectiveError(
    `rank ${rank} of the gang was lost, and so are all others: ${code}: ${error.message}`,
    {
      remedy: "Look at the cause, and call the gang once more: what those that failed had done is lost.",
      data: { group, rank },
      cause: error,
    },
  );
}
