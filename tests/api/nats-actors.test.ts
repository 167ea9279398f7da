import { startCluster } from "../support/cluster.ts";
import { actorGangTests } from "./actor-gangs.ts";
import { actorTests } from "./actors.ts";
import { handleTests } from "./handles.ts";
import { patternTests } from "./patterns.ts";
import { apiSuite } from "./suite.ts";

apiSuite(
  "actors over NATS",
  async (t) => {
    const cluster = await startCluster(t, { hosts: 2 });
    return (options) => cluster.connect(options);
  },
  [actorTests, actorGangTests, handleTests, patternTests],
);
