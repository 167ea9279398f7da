import { readdir } from "node:fs/promises";
import { type ActorHandle, type ActorOptions, actorHost, type Client, gangOf, type ObjectRef } from "wray";
import type { CollectiveError } from "../../../scheduler/protocol/errors.ts";
import { compileReplicas } from "../../api/actor-gangs.ts";
import { type Cluster, startCluster } from "../../support/cluster.ts";
import { assert, rejects, suite, type TestContext, throwsCode } from "../../support/index.ts";

const test = suite("host/gangs/actors");

const ones = Float64Array.of(1, 1);
/** Twice as long as it takes at most, since the machine may be busy with other tests. */
const withinMs = 2_000;

async function connect({ connect, knows, hosts }: Cluster): Promise<Client> {
  const wray = await connect();
  await knows(
    wray,
    hosts.map(({ id }) => id),
  );
  return wray;
}

/** Actors on hosts of one cpu, of which each takes one. */
async function replicasOn(wray: Client, count: number, options: ActorOptions = {}): Promise<ActorHandle[]> {
  const Replica = (await wray.load(await compileReplicas())).actor("Replica");
  const spread = { resources: { cpu: 1 }, ...options };
  const actors = Array.from({ length: count }, () => Replica.options(spread).remote());
  await wray.get(actors.map((actor) => actor.steps!.remote()));
  return actors;
}

const stepsOf = (wray: Client, actors: ActorHandle[]) =>
  wray.get(actors.map((actor) => actor.steps!.remote()));

for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
  test(`when a host gets ${signal}, actors of a gang on the others hear of it within a second, and go on`, async (t) => {
    const cluster = await startCluster(t, { hosts: 4 });
    const wray = await connect(cluster);
    const actors = await replicasOn(wray, 4);
    assert.is(new Set(actors.map((actor) => actor[actorHost])).size, 4);
    // One never comes to what the others wait for.
    const deeds = ["", "spin", "", ""];
    const refs = gangOf(actors).each!.remote(deeds.map(() => [deeds]));
    await Promise.all(cluster.hosts.map((host) => host.printed(/it has begun/)));
    const lost = cluster.hosts.find(({ id }) => id === actors[1]![actorHost])!;
    const beganMs = performance.now();
    lost.process.kill(signal);
    const errors = (await Promise.all(
      refs.map((ref) => wray.get(ref).catch((error: Error) => error)),
    )) as CollectiveError[];
    const tookMs = performance.now() - beganMs;
    // A frozen one would not hear that the test has ended.
    await lost.kill("SIGKILL");
    console.log(`${signal}: all had heard of it after ${tookMs.toFixed(0)} ms`);
    assert.equal(
      errors.map(({ code }) => code),
      ["COLLECTIVE_FAILED", "ACTOR_DIED", "COLLECTIVE_FAILED", "COLLECTIVE_FAILED"],
    );
    for (const rank of [0, 2, 3]) assert.is(errors[rank]!.data.rank, 1);
    assert.ok(tookMs < withinMs, `${tookMs} ms`);
    const left = actors.filter((_, rank) => rank !== 1);
    assert.equal(await stepsOf(wray, left), [0, 0, 0]);
    assert.equal(await wray.get(gangOf(left).step!.remote(left.map(() => [ones]))), [1, 1, 1]);
  });
}

test("an actor that is made anew when its host dies loses the call of its gang, which is not sent again", async (t) => {
  const cluster = await startCluster(t, { hosts: 3 });
  const wray = await connect(cluster);
  const actors = await replicasOn(wray, 2, { maxRestarts: 1, maxTaskRetries: 3 });
  const deeds = ["", "spin"];
  const refs = gangOf(actors).each!.remote(deeds.map(() => [deeds]));
  const hosts = actors.map((actor) => cluster.hosts.find(({ id }) => id === actor[actorHost])!);
  await Promise.all(hosts.map((host) => host.printed(/it has begun/)));
  await hosts[1]!.kill("SIGKILL");
  await rejects(wray.get(refs[1]!), "ACTOR_UNAVAILABLE");
  await rejects(wray.get(refs[0]!), "COLLECTIVE_FAILED");
  assert.equal(await wray.get(gangOf(actors).step!.remote([[ones], [ones]])), [1, 1]);
});

test("actors move between the calls of gangs, which lose nothing, and hosts keep nothing of gangs that have ended", async (t) => {
  const cluster = await startCluster(t, { hosts: 3 });
  const wray = await connect(cluster);
  const actors = await replicasOn(wray, 3, { resources: {} });
  for (const [nth, actor] of actors.entries()) {
    const { id } = cluster.hosts[nth]!;
    if (actor[actorHost] !== id) wray.migrate(actor, id);
  }
  const gang = gangOf(actors);
  const step = (count: number): ObjectRef[] =>
    Array.from({ length: count }, () => gang.step!.remote(actors.map(() => [ones]))).flat();
  await wray.get(step(3));
  const openFiles = async () => {
    const counts = cluster.hosts.map(
      async ({ process }) => (await readdir(`/proc/${process.pid}/fd`)).length,
    );
    return (await Promise.all(counts)).reduce((sum, count) => sum + count);
  };
  const before = await openFiles();
  await wray.get(step(40));
  assert.ok((await openFiles()) < before + 20, `${before} files, and then ${await openFiles()}`);
  const refs = step(10);
  wray.migrate(actors[0]!, cluster.hosts[1]!.id);
  refs.push(...step(10));
  await wray.get(refs.slice(0, 6));
  wray.migrate(actors[1]!, cluster.hosts[2]!.id);
  refs.push(...step(10));
  await wray.get(refs);
  assert.equal(await stepsOf(wray, actors), [73, 73, 73]);
  const more = step(20);
  await cluster.hosts[2]!.kill("SIGTERM");
  await wray.get(more);
  assert.equal(await stepsOf(wray, actors), [93, 93, 93]);
});

test("detached actors, and those of other programs, are refused", async (t: TestContext) => {
  const cluster = await startCluster(t, { hosts: 1, cpus: 2 });
  const [wray, other] = [await connect(cluster), await connect(cluster)];
  const Replica = (await wray.load(await compileReplicas())).actor("Replica");
  const own = Replica.remote();
  const call = (actor: ActorHandle) => gangOf([own, actor]).step!.remote([[ones], [ones]]);
  const detached = Replica.options({ name: "detached", lifetime: "detached" }).remote();
  throwsCode(() => call(detached), "INVALID_TASK");
  await wray.get(detached.steps!.remote());
  throwsCode(() => call(detached), "INVALID_TASK");
  throwsCode(() => call(detached), "INVALID_TASK");
  const found = (await wray.getActor("detached")) as ActorHandle;
  throwsCode(() => call(found), "INVALID_TASK");

  const theirs = (await other.load(await compileReplicas()))
    .actor("Replica")
    .options({ name: "theirs" })
    .remote();
  await other.get(theirs.steps!.remote());
  throwsCode(() => call(theirs), "INVALID_TASK");
  throwsCode(() => gangOf([theirs, own]).step!.remote([[ones], [ones]]), "INVALID_TASK");
  const borrowed = (await wray.getActor("theirs")) as ActorHandle;
  const error = throwsCode(() => call(borrowed), "INVALID_TASK");
  assert.match(error.message, "it is another program's");
  // Before it is known whose it is.
  const named = Replica.options({ name: "theirs", getIfExists: true }).remote();
  const refs = call(named);
  await rejects(wray.get(refs[1]!), "INVALID_TASK");
  await rejects(wray.get(refs[0]!), "COLLECTIVE_FAILED");
  throwsCode(() => call(named), "INVALID_TASK");
  assert.equal(await stepsOf(wray, [own, borrowed]), [0, 0]);
  const ours = Replica.options({ name: "ours" }).remote();
  const again = (await wray.get(ours.steps!.remote()).then(() => wray.getActor("ours"))) as ActorHandle;
  assert.equal(await wray.get(call(again)), [1, 1]);
});
