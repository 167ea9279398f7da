import type { Client, TaskOptions } from "wray";
import { init } from "wray";
import { compileProbe } from "../api/modules.ts";
import { startCluster } from "../support/cluster.ts";
import { assert, rejects, suite, type TestContext, throwsCode } from "../support/index.ts";

const test = suite("host/scheduling");

/** Some milliseconds. */
const rounds = 3_000_000;

async function start(t: TestContext, infeasibleAfterMs?: number) {
  const cluster = await startCluster(t, { hosts: 1 });
  const wray = await cluster.connect(infeasibleAfterMs === undefined ? {} : { infeasibleAfterMs });
  const probe = await wray.load(await compileProbe());
  const busy = (options: TaskOptions) => probe.kernel("busy").options(options);
  return { cluster, wray, probe, busy, plain: cluster.hosts[0]!.id };
}

const ranOn = (wray: Client, hostId: string) => wray.nodes().find(({ id }) => id === hostId)!.tasksRun;

test("tasks run where what they need is offered, and nodes() tells what each host offers", async (t) => {
  const { cluster, wray, busy, plain } = await start(t);
  const args = ["--resource", "gpu=1", "--resource", "license=2.5", "--label", "zone=moon"];
  const special = await cluster.startHost({ args });
  await cluster.knows(wray, [plain, special.id]);
  for (const options of [
    { resources: { gpu: 0.5 } },
    { resources: { license: 2, cpu: 0 } },
    { labels: { zone: ["mars", "moon"] } },
    { host: special.id },
  ] satisfies TaskOptions[]) {
    const before = ranOn(wray, special.id);
    await wray.get(Array.from({ length: 4 }, (_, index) => busy(options).remote(`${index}`, 1_000)));
    assert.is(ranOn(wray, special.id) - before, 4, JSON.stringify(options));
  }
  const before = ranOn(wray, plain);
  await wray.get(busy({ labels: { zone: "!moon" } }).remote("x", 1));
  assert.is(ranOn(wray, plain), before + 1);
  const { resources, labels } = wray.nodes().find(({ id }) => id === special.id)!;
  assert.equal([resources.cpu, resources.gpu, resources.license], [1, 1, 2.5]);
  assert.ok(resources.memory! > 1e8);
  assert.equal(labels, { zone: "moon" });
});

test("a task that no host can run fails after a while, with what the nearest hosts lack", async (t) => {
  const { wray, busy, plain } = await start(t, 300);
  const error = await rejects(wray.get(busy({ resources: { gpu: 1 } }).remote("x", 1)), "INFEASIBLE_TASK");
  assert.match(error.message, `${plain} lacks gpu: 1 needed, 0 there`);
  const far = await rejects(wray.get(busy({ labels: { zone: "moon" } }).remote("x", 1)), "INFEASIBLE_TASK");
  assert.match(far.message, "label zone=moon");
  await rejects(wray.get(busy({ host: "nobody" }).remote("x", 1)), "INFEASIBLE_TASK");
  assert.is(await wray.get(busy({}).remote("x", 1)), "x");
});

test("a task that waits for what it needs runs when a host with it joins", async (t) => {
  const { cluster, wray, busy } = await start(t);
  const waiting = busy({ resources: { gpu: 1 } }).remote("gpu", 1);
  await cluster.startHost({ args: ["--resource", "gpu=1"] });
  assert.is(await wray.get(waiting), "gpu");
});

test("a task that waits longer than its ttlMs is not run, and one that misses its deadline is ended", async (t) => {
  const { wray, probe, busy } = await start(t);
  const endless = probe.kernel("spin").remote();
  await rejects(wray.get(busy({ ttlMs: 100 }).remote("x", 1)), "TASK_EXPIRED");
  await rejects(wray.get(busy({ deadlineMs: 100 }).remote("x", 1)), "TASK_TIMEOUT");
  wray.cancel(endless);
  await rejects(wray.get(endless), "TASK_CANCELLED");
  const late = await rejects(
    wray.get(probe.kernel("spin").options({ deadlineMs: 100 }).remote()),
    "TASK_TIMEOUT",
  );
  assert.match(late.message, "probe/spin");
  assert.is(await wray.get(busy({ ttlMs: 10_000, deadlineMs: 10_000 }).remote("x", 1)), "x");
});

test("what has a higher priority overtakes what waits", async (t) => {
  const { wray, busy } = await start(t);
  const many = Array.from({ length: 100 }, (_, index) => busy({}).remote(`${index}`, rounds));
  await wray.wait(many, { numReturns: 1 });
  await wray.get(busy({ priority: 5 }).remote("urgent", 1));
  const { ready } = await wray.wait(many, { numReturns: many.length, timeoutMs: 0 });
  assert.ok(ready.length < 60, `${ready.length} of 100 were done before`);
  for (const ref of many) wray.cancel(ref);
});

test("tasks of a key come to their results, no more at once than allowed, on several hosts", async (t) => {
  const { cluster, wray, busy } = await start(t);
  await cluster.startHost();
  const keyed = busy({ key: "user", maxConcurrent: 1 });
  const refs = Array.from({ length: 20 }, (_, index) => keyed.remote(`${index}`, 1_000));
  assert.equal(
    await wray.get(refs),
    Array.from({ length: 20 }, (_, index) => `${index}`),
  );
  const [pending] = [wray.nodes().reduce((sum, { tasksPending }) => sum + tasksPending, 0)];
  assert.is(pending, 0);
});

test("a host that joins takes work from one that has too much", async (t) => {
  const { cluster, wray, busy, plain } = await start(t);
  const refs = Array.from({ length: 300 }, (_, index) => busy({}).remote(`${index}`, rounds));
  await wray.wait(refs, { numReturns: 5 });
  const second = await cluster.startHost();
  await wray.get(refs);
  assert.ok(ranOn(wray, second.id) > 30, `${ranOn(wray, second.id)}`);
  assert.is(ranOn(wray, plain) + ranOn(wray, second.id), 300);
});

test("wrong options of scheduling throw, and a client with a host of its own refuses them", async (t) => {
  const { probe } = await start(t);
  const bad: [options: object, message: string][] = [
    [{ resources: { gpu: -1 } }, "resources must be an object of names with an amount"],
    [{ resources: 2 }, "but is 2"],
    [{ labels: { zone: 1 } }, "labels must be an object of label names"],
    [{ host: "a b" }, "host must be the id of a host"],
    [{ maxConcurrent: 0 }, "maxConcurrent must be an integer from 1"],
  ];
  for (const [options, expected] of bad)
    assert.match(throwsCode(() => probe.kernel("busy").options(options), "INVALID_TASK").message, expected);
  const embedded = await init({ cpus: 1 });
  t.after(() => embedded.shutdown());
  const add = (await embedded.remote("math/add")).options({ priority: 1 });
  assert.match(
    throwsCode(() => add.remote(1, 2), "INVALID_TASK").message,
    "option priority is for a cluster",
  );
});
