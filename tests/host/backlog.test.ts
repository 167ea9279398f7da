import type { Client } from "wray";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { assert, rejects, suite } from "../support/index.ts";

const test = suite("host/backlog");

/** More than a host is ever given at once. */
const taskCount = 20_000;

let cluster: Cluster;

test.before(async (t) => {
  cluster = await startCluster(t);
});

const pendingAt = (wray: Client, id: string) => wray.nodes().find((node) => node.id === id)!.tasksPending;

test("remote() keeps tasks back when a host has as many as its window, and all of them come to their results", async () => {
  const wray = await cluster.connect();
  const host = cluster.hosts[0]!.id;
  const add = await wray.remote("math/add");
  const refs = Array.from({ length: taskCount }, (_, index) => add.remote(index, 1));
  let most = pendingAt(wray, host);
  // It knows nothing of the tasks' length yet.
  assert.ok(most < 64, `${most}`);
  const sums = await Promise.all(
    refs.map(async (ref) => {
      const sum = await wray.get(ref);
      most = Math.max(most, pendingAt(wray, host));
      return sum;
    }),
  );
  assert.equal(
    sums,
    Array.from({ length: taskCount }, (_, index) => index + 1),
  );
  assert.ok(most <= 2_049, `${most} tasks at once`);
  assert.is(pendingAt(wray, host), 0);
});

test("cancel() ends a task that is kept back, and those behind it go on", async () => {
  const wray = await cluster.connect();
  const add = await wray.remote("math/add");
  const refs = Array.from({ length: 1_000 }, (_, index) => add.remote(index, 1));
  const cancelled = refs.slice(400, 600);
  for (const ref of cancelled) wray.cancel(ref);
  for (const ref of cancelled) await rejects(wray.get(ref), "TASK_CANCELLED");
  assert.is(await wray.get(refs[999]!), 1_000);
});

test("tasks that are kept back go to a host that joins, and on when the one before them dies", async () => {
  const wray = await cluster.connect();
  const add = await wray.remote("math/add");
  cluster.hosts[0]!.process.kill("SIGSTOP");
  const refs = Array.from({ length: 300 }, (_, index) => add.remote(index, 1));
  const second = await cluster.startHost();
  await cluster.hosts[0]!.kill();
  assert.is((await wray.get(refs)).at(-1), 300);
  assert.ok(wray.nodes().find(({ id }) => id === second.id)!.tasksRun >= 300 - 64);
});
