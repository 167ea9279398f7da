import { init } from "wray";
import { compileProbe } from "../api/modules.ts";
import { startCluster } from "../support/cluster.ts";
import { assert, rejects, suite, type TestContext, throwsCode } from "../support/index.ts";

const test = suite("host/groups");

const rounds = 3_000_000;

async function start(t: TestContext, hosts: number, cpus: number, infeasibleAfterMs = 10_000) {
  const cluster = await startCluster(t, { hosts, cpus });
  const client = async () => {
    const wray = await cluster.connect({ infeasibleAfterMs });
    await cluster.knows(
      wray,
      cluster.hosts.map(({ id }) => id),
    );
    return wray;
  };
  const wray = await client();
  const probe = await wray.load(await compileProbe());
  return { cluster, wray, client, probe, busy: probe.kernel("busy") };
}

test("a group is put on hosts by its strategy, and its tasks run in their bundles", async (t) => {
  const { wray, busy } = await start(t, 2, 2);
  for (const [strategy, hostCount] of [
    ["STRICT_PACK", 1],
    ["PACK", 1],
    ["SPREAD", 2],
    ["STRICT_SPREAD", 2],
  ] as const) {
    using group = await wray.placementGroup([{ cpu: 1 }, { cpu: 1 }], { strategy });
    const hosts = group.bundles.map(({ host }) => host!);
    assert.is(new Set(hosts).size, hostCount, strategy);
    const before = wray.nodes();
    const bundles = [0, 1, 1, 0, 1, 1];
    const refs = bundles.map((bundle) => busy.options({ group, bundle }).remote(`${bundle}`, 1_000));
    assert.equal(await wray.get(refs), bundles.map(String));
    for (const { id, tasksRun } of wray.nodes()) {
      const ran = tasksRun - before.find((node) => node.id === id)!.tasksRun;
      assert.is(ran, bundles.filter((bundle) => hosts[bundle] === id).length);
    }
  }
});

test("two clients that want the last slot never both hold it, and the second gets it afterwards", async (t) => {
  const { wray, client } = await start(t, 2, 1);
  const other = await client();
  const want = () => [{ cpu: 1 }, { cpu: 1 }];
  for (let round = 0; round < 20; round++) {
    let heldCount = 0;
    const holds = async (one: typeof wray) => {
      const group = await one.placementGroup(want());
      assert.is(++heldCount, 1);
      await one.get((await one.remote("math/add")).options({ group, bundle: 1 }).remote(1, 2));
      heldCount--;
      group.remove();
    };
    await Promise.all([holds(wray), holds(other)]);
  }
});

test("what a group has reserved no other task gets, and its own at once", async (t) => {
  const { wray, client, busy } = await start(t, 2, 1);
  using group = await wray.placementGroup([{ cpu: 1 }]);
  const host = group.bundles[0]!.host!;
  const others = await client();
  const spins = [];
  for (const one of [wray, others]) {
    const spin = (await one.remote("probe/spin")).remote();
    spins.push({ one, spin });
  }
  assert.is(await wray.get(busy.options({ group }).remote("mine", 1_000)), "mine");
  const plain = Array.from({ length: 20 }, (_, index) => busy.remote(`${index}`, 1_000));
  const { ready } = await wray.wait(plain, { timeoutMs: 200 });
  assert.is(ready.length, 0, "the other host is taken, and this one reserved");
  for (const { one, spin } of spins) one.cancel(spin);
  await wray.get(plain);
  assert.is(wray.nodes().find(({ id }) => id === host)!.tasksRun, 1);
});

test("a group waits for the tasks that run on what it has reserved, and for others' groups, up to timeoutMs", async (t) => {
  const { cluster, wray, client, probe } = await start(t, 1, 1);
  const spin = probe.kernel("spin").remote();
  await cluster.heard(({ running }) => running === 1);
  await rejects(wray.placementGroup([{ cpu: 1 }], { timeoutMs: 200 }), "GET_TIMEOUT");
  const waiting = wray.placementGroup([{ cpu: 1 }]);
  wray.cancel(spin);
  const group = await waiting;
  const other = await client();
  await rejects(other.placementGroup([{ cpu: 1 }], { timeoutMs: 200 }), "GET_TIMEOUT");
  const next = other.placementGroup([{ cpu: 1 }]);
  group.remove();
  (await next).remove();
  assert.is(await wray.get((await wray.remote("math/add")).remote(1, 2)), 3);
});

test("a group that hosts could never hold fails, and says what is missing", async (t) => {
  const { wray } = await start(t, 2, 1, 300);
  const gpu = await rejects(wray.placementGroup([{ cpu: 1 }, { gpu: 2 }]), "INFEASIBLE_TASK");
  assert.match(gpu.message, "bundle 1: host");
  assert.match(gpu.message, "lacks gpu: 2 needed, 0 there");
  const many = await rejects(
    wray.placementGroup([{ cpu: 1 }, { cpu: 1 }, { cpu: 1 }], { strategy: "STRICT_SPREAD" }),
    "INFEASIBLE_TASK",
  );
  assert.match(many.message, "3 bundles have no room on 2 hosts");
  await rejects(wray.placementGroup([{ cpu: 1 }], { labels: { zone: "moon" } }), "INFEASIBLE_TASK");
});

test("a client that leaves gives back what it had reserved", async (t) => {
  const { wray, client } = await start(t, 1, 1);
  const other = await client();
  await other.placementGroup([{ cpu: 1 }]);
  await other.shutdown();
  (await wray.placementGroup([{ cpu: 1 }])).remove();
});

test("what was on a host that is killed is reserved anew, and its tasks go on there", async (t) => {
  const { cluster, wray, busy } = await start(t, 2, 1);
  using group = await wray.placementGroup([{ cpu: 1 }]);
  const host = group.bundles[0]!.host!;
  const refs = Array.from({ length: 20 }, (_, index) => busy.options({ group }).remote(`${index}`, rounds));
  await wray.get(refs[0]!);
  await cluster.hosts.find(({ id }) => id === host)!.kill("SIGKILL");
  assert.equal(
    await wray.get(refs),
    refs.map((_, index) => `${index}`),
  );
  assert.is.not(group.bundles[0]!.host, host);
});

test("a gang runs at once on all hosts, and ends as a whole when one of it fails", async (t) => {
  const { wray, probe, busy } = await start(t, 3, 1);
  const calls = ["a", "b", "c"].map((name): [string, number] => [name, 1_000]);
  const refs = await busy.gang(calls, { strategy: "STRICT_SPREAD" });
  assert.equal(await wray.get(refs), ["a", "b", "c"]);
  for (const { tasksRun } of wray.nodes()) assert.is(tasksRun, 1);
  const failing = probe.kernel("failOrSpin");
  const [first, ...others] = await failing.gang([[true], [false], [false]]);
  await rejects(wray.get(first!), "TASK_ERROR");
  for (const ref of others) await rejects(wray.get(ref), "COLLECTIVE_FAILED");
  // All is free again.
  (await wray.placementGroup([{ cpu: 1 }, { cpu: 1 }, { cpu: 1 }])).remove();
});

test("a gang that has no room does not start at all", async (t) => {
  const { wray, busy } = await start(t, 2, 1);
  const before = wray.nodes().reduce((sum, { tasksRun }) => sum + tasksRun, 0);
  const calls = ["a", "b", "c"].map((name): [string, number] => [name, 1]);
  using _ = await wray.placementGroup([{ cpu: 1 }]);
  await rejects(busy.gang(calls.slice(0, 2), { timeoutMs: 200 }), "GET_TIMEOUT");
  assert.is(
    wray.nodes().reduce((sum, { tasksRun }) => sum + tasksRun, 0),
    before,
  );
});

test("wrong groups and bundles throw, and a client with a host of its own has no groups", async (t) => {
  const { wray, busy } = await start(t, 1, 1);
  for (const bundles of [[], [{}], [{ cpu: -1 }], [{ cpu: 0 }], "x"])
    await rejects(wray.placementGroup(bundles as []), "INVALID_TASK");
  for (const options of [{ strategy: "PAK" }, { timeoutMs: -1 }, { labels: 1 }, { other: 1 }])
    await rejects(wray.placementGroup([{ cpu: 1 }], options as object), "INVALID_TASK");
  using group = await wray.placementGroup([{ cpu: 0.5 }]);
  const throwsWith = (options: object, expected: string) =>
    assert.match(throwsCode(() => busy.options(options).remote("x", 1), "INVALID_TASK").message, expected);
  throwsWith({ group, bundle: 1 }, "has no bundle 1");
  throwsWith({ group }, "needs of bundle 0 1 cpu, and it has 0.5");
  throwsWith({ group: {} }, "what placementGroup() returned");
  assert.is(await wray.get(busy.options({ group, resources: { cpu: 0.5 } }).remote("x", 1)), "x");
  group.remove();
  throwsWith({ group, resources: { cpu: 0.5 } }, "was removed");
  const embedded = await init({ cpus: 1 });
  t.after(() => embedded.shutdown());
  await rejects(embedded.placementGroup([{ cpu: 1 }]), "INVALID_TASK");
  const foreign = (await embedded.remote("math/add")).options({ group });
  assert.match(throwsCode(() => foreign.remote(1, 2), "INVALID_TASK").message, "of another client");
});
