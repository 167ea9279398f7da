import {
  type ActorHandle,
  type ActorOptions,
  actorHost,
  type Client,
  init,
  type Module,
  type ObjectRef,
} from "wray";
import type { Heartbeat } from "../../scheduler/protocol/messages.ts";
import { type Cluster, type HostProcess, startCluster } from "../support/cluster.ts";
import { assert, rejects, suite, type TestContext, throwsCode } from "../support/index.ts";
import { compileActors } from "./actors.ts";

const test = suite("resources of actors");

const gpu = { gpu: 1 };

/** How actors and tasks of one client are called here. */
function callsOf(wray: Client, module: Module) {
  return {
    counter: (options: ActorOptions, ...args: unknown[]) =>
      module
        .actor("Counter")
        .options(options)
        .remote(...args),
    task: (resources: Record<string, number>) =>
      module.kernel("slowly").options({ resources }).remote(1_000, 7),
    count: (actor: ActorHandle) => wray.get(actor.incr!.remote()),
    /** Gives these some time, in which none becomes ready. */
    async wait(...refs: ObjectRef[]) {
      const { pending } = await wray.wait(refs, { timeoutMs: 150 });
      assert.is(pending.length, refs.length);
    },
  };
}

type Connect = (options?: { infeasibleAfterMs?: number }) => Promise<Client>;

/** A client of one host with a gpu and a cpu. */
const backends: Record<string, (t: TestContext) => Promise<Connect>> = {
  embedded: async (t) => async (options) => {
    const wray = await init({ cpus: 1, resources: gpu, ...options });
    t.after(() => wray.shutdown());
    return wray;
  },
  "over NATS": async (t) => {
    const cluster = await startCluster(t, { hosts: 0 });
    await cluster.startHost({ args: ["--resource", "gpu=1"] });
    return (options) => cluster.connect(options);
  },
};

for (const [name, start] of Object.entries(backends)) {
  const open = async (t: TestContext, options?: { infeasibleAfterMs?: number }) => {
    const wray = await (await start(t))(options);
    return { wray, ...callsOf(wray, await wray.load(await compileActors())) };
  };

  test(`an actor has its resources as long as it is there, and those that want them wait, ${name}`, async (t) => {
    const { wray, counter, task, count, wait } = await open(t);
    const [first, second] = [counter({ resources: gpu }), counter({ resources: { gpu: 0.5 } })];
    assert.is(await count(first), 1);
    const waiting = [second.incr!.remote(), task(gpu)];
    await wait(...waiting);
    assert.is(await count(first), 2);
    assert.is(await count(counter({})), 1);
    assert.is(await wray.get(task({ cpu: 1 })), 7);
    wray.kill(first);
    assert.is(await wray.get(waiting[0]!), 1);
    await wait(waiting[1]!);
    assert.is(await count(counter({ resources: { gpu: 0.5 } })), 1);
    wray.kill(second);
    await wait(waiting[1]!);
  });

  test(`an actor waits for tasks that have what it wants, ${name}`, async (t) => {
    const { wray, counter, task, count } = await open(t);
    const tasks = Array.from({ length: 5 }, () => task(gpu));
    const actor = counter({ resources: gpu });
    assert.is(await count(actor), 1);
    wray.kill(actor);
    assert.equal(await wray.get(tasks), [7, 7, 7, 7, 7]);
  });

  test(`what an actor has is given back when it can't be made, ${name}`, async (t) => {
    const { counter, count } = await open(t);
    for (let round = 0; round < 3; round++)
      await rejects(count(counter({ resources: gpu }, -1)), "ACTOR_DIED");
    assert.is(await count(counter({ resources: gpu })), 1);
  });

  test(`an actor that was killed before it got its resources takes none, ${name}`, async (t) => {
    const { wray, counter, count } = await open(t);
    const [first, second, third] = [1, 2, 3].map(() => counter({ resources: gpu })) as [
      ActorHandle,
      ActorHandle,
      ActorHandle,
    ];
    assert.is(await count(first), 1);
    const call = second.incr!.remote();
    wray.kill(second);
    await rejects(wray.get(call), "ACTOR_DIED");
    wray.kill(first);
    assert.is(await count(third), 1);
  });

  test(`an actor that no host could ever hold fails, and says what is missing, ${name}`, async (t) => {
    const { counter, count } = await open(t, { infeasibleAfterMs: 300 });
    const error = await rejects(count(counter({ resources: { gpu: 2 } })), "ACTOR_DIED");
    assert.match(error.message, "lacks gpu: 2 needed, 1 there");
    assert.is((error.cause as { code?: string }).code, "INFEASIBLE_TASK");
    for (const options of [{ resources: { gpu: -1 } }, { group: {} }, { bundle: -1 }] as ActorOptions[])
      throwsCode(() => counter(options), "INVALID_TASK");
  });

  test(`shutdown() fails the calls of an actor that waits for its resources, ${name}`, async (t) => {
    const { wray, counter, count } = await open(t);
    await count(counter({ resources: gpu }));
    const failed = rejects(count(counter({ resources: gpu })), "SHUTDOWN");
    await wray.shutdown();
    await failed;
  });
}

/** Hosts in a cluster, of which each has a gpu, and a client that knows them. */
async function startHosts(t: TestContext, count: number) {
  const cluster = await startCluster(t, { hosts: 0 });
  const args = ["--resource", "gpu=1"];
  const hosts = await Promise.all(Array.from({ length: count }, () => cluster.startHost({ args })));
  const wray = await cluster.connect();
  await knows(cluster, wray, hosts);
  return { cluster, hosts, wray, ...callsOf(wray, await wray.load(await compileActors())) };
}

const knows = (cluster: Cluster, wray: Client, hosts: HostProcess[]) =>
  cluster.knows(
    wray,
    hosts.map(({ id }) => id),
  );

const leftOf =
  (hostId: string, amount: number | undefined) =>
  ({ host, unreserved }: Heartbeat) =>
    host === hostId && unreserved?.gpu === amount;

test("actors go to the hosts that have left what they need, and when one dies, its actor waits for room", async (t) => {
  const { hosts, wray, counter, count, wait, cluster } = await startHosts(t, 2);
  const actors = [1, 2].map(() => counter({ resources: gpu, maxRestarts: 1 })) as [ActorHandle, ActorHandle];
  await Promise.all(actors.map(count));
  const [one, other] = actors;
  assert.equal(actors.map((actor) => actor[actorHost]).sort(), hosts.map(({ id }) => id).sort());
  const third = counter({ resources: gpu });
  await wait(third.incr!.remote());
  wray.kill(third);
  const host = hosts.find(({ id }) => id === one[actorHost])!;
  await host.kill();
  await knows(
    cluster,
    wray,
    hosts.filter((each) => each !== host),
  );
  wray.kill(other);
  assert.is(await count(one), 1);
});

test("an actor that moves takes its resources there, and leaves those it had", async (t) => {
  const { cluster, hosts, wray, counter, count } = await startHosts(t, 2);
  const actor = counter({ resources: gpu });
  await count(actor);
  const from = hosts.find(({ id }) => id === actor[actorHost])!;
  const to = hosts.find((each) => each !== from)!;
  wray.migrate(actor, to.id);
  const [left] = await Promise.all([cluster.heard(leftOf(from.id, undefined)), count(actor)]);
  assert.is(left.state, "up");
  assert.is(actor[actorHost], to.id);
  const second = counter({ resources: gpu });
  await count(second);
  assert.is(second[actorHost], from.id);
  const error = throwsCode(() => wray.migrate(second, to.id), "INVALID_TASK");
  assert.match(error.message, "1 gpu, and it has 0 left");
  assert.is(await count(second), 2);
  wray.kill(actor);
  await cluster.heard(leftOf(to.id, undefined));
});

test("a host that joins gets no actors for which it has no room, and one that is drained waits for their place", async (t) => {
  const { cluster, hosts, wray, counter, count } = await startHosts(t, 1);
  const [first] = hosts as [HostProcess];
  const actor = counter({ resources: gpu });
  await count(actor);
  const plain = await cluster.startHost();
  await knows(cluster, wray, [first, plain]);
  await count(actor);
  assert.is(actor[actorHost], first.id);
  const next = await cluster.startHost({ args: ["--resource", "gpu=1"] });
  first.process.kill("SIGTERM");
  await knows(cluster, wray, [plain, next]);
  assert.is(await count(actor), 3);
  assert.is(actor[actorHost], next.id);
});

test("what the actors of a client have is others' when that has gone", async (t) => {
  const { cluster, wray, counter, count, wait } = await startHosts(t, 1);
  const other = await cluster.connect();
  const theirs = callsOf(other, await other.load(await compileActors()));
  await theirs.count(theirs.counter({ resources: gpu }));
  await cluster.heard(({ unreserved }) => unreserved?.gpu === 0);
  const theirSecond = rejects(theirs.count(theirs.counter({ resources: gpu })), "SHUTDOWN");
  const mine = counter({ resources: gpu });
  await wait(mine.value!.remote());
  await other.shutdown();
  await theirSecond;
  assert.is(await count(mine), 1);
  wray.kill(mine);
});

test("an actor in a bundle of a group is where that is, has its resources of it, and moves with it", async (t) => {
  const { cluster, hosts, wray, counter, count, wait } = await startHosts(t, 2);
  using group = await wray.placementGroup([{ cpu: 1, gpu: 1 }, { cpu: 1 }], { strategy: "STRICT_SPREAD" });
  const at = (index: number) => group.bundles[index]!.host;
  const inGroup = counter({ group, resources: gpu, maxRestarts: 1 });
  await count(inGroup);
  assert.is(inGroup[actorHost], at(0));
  const plain = counter({ group, bundle: 1 });
  await count(plain);
  assert.is(plain[actorHost], at(1));
  const task = (await wray.remote("math/add")).options({ group, resources: { cpu: 0, gpu: 1 } }).remote(1, 2);
  await wait(task);
  throwsCode(() => wray.migrate(inGroup, at(1)!), "INVALID_TASK");
  throwsCode(() => counter({ group, resources: { gpu: 2 } }), "INVALID_TASK");
  wray.kill(inGroup);
  assert.is(await wray.get(task), 3);
  const again = counter({ group, resources: gpu, maxRestarts: 1 });
  await count(again);
  hosts.push(await cluster.startHost({ args: ["--resource", "gpu=1"] }));
  await knows(cluster, wray, hosts);
  await hosts.find(({ id }) => id === at(0))!.kill();
  assert.is(await count(again).catch(() => count(again)), 1);
  assert.is(again[actorHost], at(0));
});
