import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { Assertion } from "uvu/assert";
import { report } from "./events.ts";
import { createScope, type Scope, within } from "./scope.ts";

type Body = (scope: Scope) => unknown;
type Test = { id: number; title: string; name: string; body: Body; timeoutMs: number };
type SuitePlan = {
  name: string;
  setUps: { body: Body; timeoutMs: number }[];
  /** Resolves when the set-ups have run, which the first test starts. */
  ready?: Promise<void>;
  tests: Test[];
  skippedCount: number;
  /** The cleanups of the suite as a whole. */
  scope: Scope;
};

/** A process that has run its tests ends by itself within milliseconds, unless something was left open. */
const lingerMs = 2_000;

const plans: SuitePlan[] = [];
let declaredCount = 0;
let hasStarted = false;

export function addSuite(name: string, scope: Scope): SuitePlan {
  if (plans.length === 0) startWhenLoaded();
  const plan: SuitePlan = { name, setUps: [], tests: [], skippedCount: 0, scope };
  plans.push(plan);
  return plan;
}

/** Announces a test and returns its id. One that comes too late stays announced, and so fails the file. */
export function declareTest(name: string): number {
  report({ type: "declared", name });
  if (hasStarted) throw new Error(`${name} was declared after the tests had started`);
  return declaredCount++;
}

/** Importing the module that is being evaluated resolves when its evaluation has ended. */
function startWhenLoaded(): void {
  const file = pathToFileURL(process.argv[1] ?? "").href;
  // A file that cannot be evaluated ends the process itself, with its error printed.
  void import(file).then(runSuites, () => {});
}

async function runSuites(): Promise<void> {
  if ("UVU_QUEUE" in globalThis) {
    throw new Error("use suite() of tests/support: a suite of uvu that is not run goes unnoticed");
  }
  hasStarted = true;
  // uvu then runs what it is given when it is told to, and not a timer later.
  Object.assign(globalThis, { UVU_DEFER: true, UVU_QUEUE: [[null]] });
  const uvu = await import("uvu");
  for (const plan of plans) {
    const suite = uvu.suite(plan.name);
    for (const test of plan.tests) suite(test.title, () => runTest(plan, test));
    for (let i = 0; i < plan.skippedCount; i++) suite.skip();
    suite.run();
  }
  await uvu.exec();
  report({ type: "finished" });
  setTimeout(() => {
    console.error(`the tests have ended, but these are still open: ${process.getActiveResourcesInfo()}`);
    process.exit(1);
  }, lingerMs).unref();
}

async function runTest(plan: SuitePlan, { id, name, body, timeoutMs }: Test): Promise<void> {
  report({ type: "started", id });
  const scope = createScope(name, timeoutMs);
  const errors: unknown[] = [];
  try {
    plan.ready ??= setUp(plan);
    await plan.ready;
    await within(timeoutMs, name, () => body(scope));
  } catch (error) {
    errors.push(error);
  }
  errors.push(...(await scope.close()));
  if (id === plan.tests.at(-1)?.id) errors.push(...(await plan.scope.close()));
  report({ type: "ended", id, outcome: errors.length === 0 ? "passed" : "failed" });
  if (errors.length > 0) throw failure(errors);
}

async function setUp({ name, setUps, scope }: SuitePlan): Promise<void> {
  for (const { body, timeoutMs } of setUps) await within(timeoutMs, `${name} › before`, () => body(scope));
}

/** One error that uvu can print whole: it takes the message, the details and the stack of an Error alone. */
function failure(errors: unknown[]): Error {
  const [first] = errors;
  return Object.assign(new Error(first instanceof Error ? first.message : `threw ${inspect(first)}`), {
    ...(first instanceof Assertion && { details: first.details, operator: first.operator }),
    stack: errors
      .map((error) => (error instanceof Assertion ? error.stack : inspect(error)))
      .join("\n")
      .replace(harnessFrame, ""),
  });
}

/** A line of a stack that says nothing of the test, up to the properties that may follow on the same line. */
const harnessFrame = /\n +at [^\n]*\/(?:tests\/support|uvu)\/[^\n{]*/g;
