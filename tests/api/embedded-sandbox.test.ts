import { init } from "wray";
import { apiSuite, sandboxTests } from "./suite.ts";

apiSuite("sandbox, embedded", async () => () => init({ cpus: 1 }), sandboxTests);
