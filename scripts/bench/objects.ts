import { startClient } from "./cluster.ts";
import { largeObjects } from "./objects/large.ts";
import { smallObjects } from "./objects/small.ts";
import { transferToHost } from "./objects/transfer.ts";
import type { Suite } from "./suite.ts";

export const objects: Suite = {
  name: "objects",
  description: "put and get, and an object on its way to a host",

  async *run(context) {
    const embedded = await startClient(context);
    yield* smallObjects(context, embedded);
    yield* largeObjects(context, embedded);
    await embedded.shutdown();
    yield* transferToHost(context);
  },
};
