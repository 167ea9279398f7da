import { startCluster } from "../support/cluster.ts";
import { schedulingTests } from "./scheduling.ts";
import { apiSuite } from "./suite.ts";

// With a host of its own: one that has lately had short tasks takes some ahead, which then count as begun.
apiSuite(
  "scheduling, nats",
  async (t) => {
    const cluster = await startCluster(t, { hosts: 1 });
    return (options) => cluster.connect(options);
  },
  [schedulingTests],
);
