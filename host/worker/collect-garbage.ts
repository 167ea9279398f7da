import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

/**
 * Collects garbage now. V8 does not count shared memory as a burden: for it, the last reference to 64 MiB is some bytes
 * of heap that may lie about for minutes. So it is asked when memory depends on it.
 */
export function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
    // So that no other context of the program gets a global that it does not expect.
    setFlagsFromString("--no-expose-gc");
  }
  collect();
}
