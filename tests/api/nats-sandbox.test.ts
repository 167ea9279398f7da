import { startCluster } from "../support/cluster.ts";
import { apiSuite, sandboxTests } from "./suite.ts";

apiSuite(
  "sandbox, nats",
  async (t) => {
    const cluster = await startCluster(t, { hosts: 2 });
    return () => cluster.connect();
  },
  sandboxTests,
);
