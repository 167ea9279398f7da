import { init } from "wray";
import { actorTests } from "./actors.ts";
import { patternTests } from "./patterns.ts";
import { apiSuite } from "./suite.ts";

apiSuite("embedded actors", async () => (options) => init({ cpus: 2, ...options }), [
  actorTests,
  patternTests,
]);
