import { startCluster } from "../support/cluster.ts";
import { apiSuite } from "./suite.ts";

apiSuite("nats", async (t) => {
  const cluster = await startCluster(t, { hosts: 2, cpus: 1 });
  return () => cluster.connect();
});
