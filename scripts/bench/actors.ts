import { embeddedCalls, natsCalls } from "./actors/calls.ts";
import { checkpoints } from "./actors/checkpoints.ts";
import { creating, living } from "./actors/many.ts";
import { moving } from "./actors/moving.ts";
import { turnsByState } from "./actors/states.ts";
import { startClient, startCluster } from "./cluster.ts";
import type { Suite } from "./suite.ts";

export const actors: Suite = {
  name: "actors",
  description: "calls of actors, many actors, and what a turn costs by the size of the state",

  async *run(context) {
    const embedded = await startClient(context);
    yield* embeddedCalls(context, embedded);
    yield* turnsByState(context, embedded);
    yield* creating(context, embedded);
    await embedded.shutdown();

    const cluster = await startCluster(context);
    // First, while the host's memory is its own.
    yield* living(context, cluster);
    yield* natsCalls(context, cluster);
    yield* checkpoints(context, cluster);
    await cluster.stop();
    yield* moving(context);
  },
};
