import type { Client, TaskOptions } from "wray";
import { compileProbe } from "../api/modules.ts";
import { startCluster } from "../support/cluster.ts";
import { assert, rejects, suite, type TestContext } from "../support/index.ts";

const test = suite("host/scheduling");

/** Some milliseconds. */
const rounds = 3_000_000;

async function start(t: TestContext) {
  const cluster = await startCluster(t, { hosts: 1 });
  const wray = await cluster.connect();
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

test("a task that waits for what it needs runs when a host with it joins", async (t) => {
  const { cluster, wray, busy } = await start(t);
  const waiting = busy({ resources: { gpu: 1 } }).remote("gpu", 1);
  await cluster.startHost({ args: ["--resource", "gpu=1"] });
  assert.is(await wray.get(waiting), "gpu");
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

test("short tasks that were put in line behind a long one expire in time, and go to a host that is free", async (t) => {
  const { cluster, wray, probe, busy } = await start(t);
  // So that the host has many of them in line.
  await wray.get(Array.from({ length: 2_000 }, () => probe.kernel("count").remote()));
  const endless = probe.kernel("spin").remote();
  const count = probe.kernel("count");
  const expiring = Array.from({ length: 50 }, () => count.options({ ttlMs: 300 }).remote());
  for (const ref of expiring) await rejects(wray.get(ref), "TASK_EXPIRED");
  const waiting = Array.from({ length: 50 }, () => count.remote());
  await cluster.startHost();
  await wray.get(waiting);
  assert.is(await wray.get(busy({}).remote("x", 1)), "x");
  wray.cancel(endless);
  await rejects(wray.get(endless), "TASK_CANCELLED");
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
