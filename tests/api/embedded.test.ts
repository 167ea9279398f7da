import { type InitOptions, init } from "wray";
import { rejects } from "../support/index.ts";
import { apiSuite, clientTests } from "./suite.ts";

const { test } = apiSuite("embedded", async () => () => init({ cpus: 1 }), clientTests);

test("init() rejects unknown options and values out of range", async () => {
  for (const options of [
    { server: "nats://127.0.0.1" },
    { cluster: "a.b" },
    { cpus: 0 },
    { cpus: 1.5 },
    { cpus: "2" },
    { infeasibleAfterMs: -1 },
    { servers: "nats://127.0.0.1:1", cpus: 1 },
  ]) {
    await rejects(init(options as InitOptions), "INVALID_TASK");
  }
});
