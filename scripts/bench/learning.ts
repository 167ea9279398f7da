import { generations } from "./learning/generations.ts";
import { moreWorkers } from "./learning/more-workers.ts";
import { noBarrier } from "./learning/no-barrier.ts";
import { rollouts } from "./learning/rollouts.ts";
import type { Suite } from "./suite.ts";

export const learning: Suite = {
  name: "learning",
  description: "a robot that learns to run: episodes as tasks, whole generations, and who waits for whom",

  async *run(context) {
    yield* rollouts(context);
    yield* generations(context);
    yield* noBarrier(context);
    yield* moreWorkers(context);
  },
};
