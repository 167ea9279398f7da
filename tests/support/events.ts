/**
 * What the process of a test file tells the runner, as it happens, so that the runner knows which test was
 * running even when that process dies.
 */
export type TestEvent =
  /** A test exists; its id is its place among the declared ones. */
  | { type: "declared"; name: string }
  | { type: "started"; id: number }
  | { type: "ended"; id: number; outcome: "passed" | "failed" | "skipped" }
  /** Every test of the file has ended. */
  | { type: "finished" };

/** Tells the runner; does nothing when the file was started by hand. */
export function report(event: TestEvent): void {
  process.send?.(event);
}
