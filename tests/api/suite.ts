import type { Client, InitOptions, Module } from "wray";
import { type Suite, suite, type TestContext } from "../support/index.ts";
import { argumentsTests } from "./arguments.ts";
import { cancelTests } from "./cancel.ts";
import { failureTests } from "./failures.ts";
import { freeTests } from "./free.ts";
import { getTests } from "./get.ts";
import { isolationTests } from "./isolation.ts";
import { lifecycleTests } from "./lifecycle.ts";
import { limitsTests } from "./limits.ts";
import { moduleTests } from "./load.ts";
import { mapTests } from "./map.ts";
import { type Compiled, compileFixtures } from "./modules.ts";
import { nestedTests } from "./nested.ts";
import { objectTests } from "./objects.ts";
import { optionTests } from "./options.ts";
import { repeatTests } from "./repeat.ts";
import { retryTests } from "./retries.ts";
import { streamTests } from "./streams.ts";
import { tableTests } from "./tables.ts";
import { trapTests } from "./traps.ts";
import { valueTests } from "./values.ts";

/** Starts whatever a client needs, for all tests, and returns how to connect one. */
export type StartBackend = (t: TestContext) => Promise<(options?: OwnOptions) => Promise<Client>>;

/** What a test may want otherwise for a client of its own. */
export type OwnOptions = Pick<InitOptions, "infeasibleAfterMs">;

/** What the tests of the API share. */
export type Api = {
  /** A client for all tests; they leave it open. */
  wray: Client;
  /** A client of a test's own. */
  connect(t: TestContext, options?: OwnOptions): Promise<Client>;
  files: Compiled;
  /** `fixtures/probe.ts`, loaded. */
  probe: Module;
};

type DeclareTests = (test: Suite, api: () => Api) => void;

/** What every way to get a client must pass: how tasks and objects come and go … */
export const clientTests: readonly DeclareTests[] = [
  ...[
    moduleTests,
    valueTests,
    argumentsTests,
    objectTests,
    tableTests,
    freeTests,
    getTests,
    mapTests,
    streamTests,
    optionTests,
    failureTests,
    retryTests,
    lifecycleTests,
  ],
];
/** … and what a task may do, and may not. */
export const sandboxTests: readonly DeclareTests[] = [
  ...[isolationTests, limitsTests, cancelTests, nestedTests, repeatTests, trapTests],
];

/** Tests of clients of one kind. */
export function apiSuite(
  name: string,
  start: StartBackend,
  declarations: readonly DeclareTests[],
  makeSuite: (name: string) => Suite = suite,
): { test: Suite; api: () => Api } {
  const test = makeSuite(name);
  let shared: Api;
  test.before(
    async (t) => {
      const [connect, files] = await Promise.all([start(t), compileFixtures()]);
      const open = async ({ after }: TestContext, options?: OwnOptions) => {
        const client = await connect(options);
        after(() => client.shutdown());
        return client;
      };
      const wray = await open(t);
      shared = { wray, connect: open, files, probe: await wray.load(files.probe) };
    },
    { timeoutMs: 90_000 },
  );
  const api = () => shared;
  for (const declare of declarations) declare(test, api);
  return { test, api };
}
