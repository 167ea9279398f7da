import { checks } from "./sandbox/checks.ts";
import { deadlines } from "./sandbox/deadlines.ts";
import { preparing } from "./sandbox/preparing.ts";
import { resets } from "./sandbox/resets.ts";
import { smallCalls } from "./sandbox/small-calls.ts";
import type { Suite } from "./suite.ts";

export const sandbox: Suite = {
  name: "sandbox",
  description: "what it costs that tasks are kept apart, limited and stopped",

  async *run(context) {
    yield* resets(context);
    yield* smallCalls(context);
    yield* checks(context);
    yield* preparing(context);
    yield* deadlines(context);
  },
};
