import { report } from "./events.ts";
import { addSuite, declareTest } from "./run-suites.ts";
import { type Cleanup, createScope } from "./scope.ts";

export type TestContext = {
  /** Runs `cleanup` once the test has ended, however it ended; the latest first. Its failure fails the test. */
  after(cleanup: Cleanup): void;
};
export type TestBody = (t: TestContext) => unknown;
export type TestOptions = { timeoutMs?: number };

export type Suite = {
  /** Declares a test. */
  (title: string, body: TestBody, options?: TestOptions): void;
  /** Declares a test that is not run here, and says why. */
  skip(title: string, reason: string): void;
  /** Runs before the first test; its failure fails every test. Its `t.after` cleanups run after the last test. */
  before(body: TestBody, options?: TestOptions): void;
  /** Runs after the last test, the latest first; its failure fails that test. */
  after(cleanup: Cleanup): void;
};

/** Long enough for a test that starts servers on a busy machine. */
const defaultTimeoutMs = 30_000;

/**
 * A group of tests of this file. They run by themselves, one after the other, once the file has been evaluated
 * to its end, top-level awaits included.
 */
export function suite(name: string): Suite {
  const plan = addSuite(name, createScope(`${name} › after`, defaultTimeoutMs));
  const test = (title: string, body: TestBody, { timeoutMs = defaultTimeoutMs }: TestOptions = {}) => {
    const fullName = `${name} › ${title}`;
    plan.tests.push({ id: declareTest(fullName), title, name: fullName, body, timeoutMs });
  };
  return Object.assign(test, {
    skip(title: string, reason: string) {
      const id = declareTest(`${name} › ${title}`);
      console.log(`skipped: ${name} › ${title}: ${reason}`);
      plan.skippedCount += 1;
      report({ type: "ended", id, outcome: "skipped" });
    },
    before(body: TestBody, { timeoutMs = defaultTimeoutMs }: TestOptions = {}) {
      plan.setUps.push({ body, timeoutMs });
    },
    after: plan.scope.after,
  });
}
