import { init } from "wray";
import { actorGangTests } from "./actor-gangs.ts";
import { actorTests } from "./actors.ts";
import { handleTests } from "./handles.ts";
import { patternTests } from "./patterns.ts";
import { apiSuite } from "./suite.ts";

apiSuite("embedded actors", async () => (options) => init({ cpus: 2, ...options }), [
  actorTests,
  actorGangTests,
  handleTests,
  patternTests,
]);
