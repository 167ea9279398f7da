import { init } from "wray";
import { schedulingTests } from "./scheduling.ts";
import { apiSuite } from "./suite.ts";

apiSuite("scheduling, embedded", async () => (options) => init({ cpus: 1, ...options }), [schedulingTests]);
