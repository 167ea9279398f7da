import { besideLong } from "./local/beside-long.ts";
import { chain } from "./local/chain.ts";
import { idling } from "./local/idle.ts";
import { latencyOfTasks } from "./local/latency.ts";
import { mapping } from "./local/mapping.ts";
import { submitting } from "./local/submit.ts";
import { throughputOfTasks } from "./local/throughput.ts";
import { waiting } from "./local/waiting.ts";
import type { Suite } from "./suite.ts";

export const local: Suite = {
  name: "local",
  description: "tasks inside one process, beside rings in shared memory that do nothing else, and Piscina",

  async *run(context) {
    yield* latencyOfTasks(context);
    yield* submitting(context);
    yield* throughputOfTasks(context);
    yield* mapping(context);
    yield* chain(context);
    yield* besideLong(context);
    yield* waiting(context);
    yield* idling(context);
  },
};
