import type { ObjectRef } from "wray";
import { compileProbe } from "../api/modules.ts";
import { startCluster } from "../support/cluster.ts";
import { assert, suite } from "../support/index.ts";

const test = suite("fairness");

/** Some milliseconds. */
const rounds = 3_000_000;

test("clients of one host take turns, however much one of them has submitted before", async (t) => {
  const cluster = await startCluster(t, { hosts: 1 });
  const [greedy, modest] = [await cluster.connect(), await cluster.connect()];
  const path = await compileProbe();
  const [greedyBusy, modestBusy] = [
    (await greedy.load(path)).kernel("busy"),
    (await modest.load(path)).kernel("busy"),
  ];
  const many = Array.from({ length: 300 }, (_, index) => greedyBusy.remote(`${index}`, rounds));
  // By now the host has them all, and runs the first ones.
  await greedy.wait(many, { numReturns: 10 });
  const few = Array.from({ length: 5 }, (_, index) => modestBusy.remote(`${index}`, rounds));
  await modest.wait(few, { numReturns: few.length });
  const { ready } = await greedy.wait(many as ObjectRef[], { numReturns: many.length, timeoutMs: 0 });
  assert.ok(ready.length < 100, `${ready.length} of 300 were done before the 5 that came later`);
  for (const ref of many) greedy.cancel(ref);
});
