import { type ActorHandle, actorHost, type Client, type ObjectRef } from "wray";
import { compileActors } from "../api/actors.ts";
import { compileHandles } from "../api/handles.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { startCommand } from "../support/command.ts";
import { assert, rejects, suite, throwsCode } from "../support/index.ts";
import { startHosts } from "./start-hosts.ts";

const test = suite("actors and faults");
let cluster: Cluster;
let wasm: string;
let handlesWasm: string;

test.before(async (t) => {
  [cluster, wasm, handlesWasm] = await Promise.all([
    startCluster(t, { hosts: 0 }),
    compileActors(),
    compileHandles(),
  ]);
});

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** Where an actor is once it is somewhere. */
async function hostOf(wray: Client, actor: ActorHandle): Promise<string> {
  await wray.get(actor.value!.remote());
  return actor[actorHost]!;
}

test("with a checkpoint, each acknowledged call is applied exactly once, however many hosts are killed", async (t) => {
  const { hosts, wray, probe, start } = await startHosts(t, cluster, wasm, ["a", "b", "c"]);
  const counter = probe
    .actor("Counter")
    .options({ checkpoint: { everyCalls: 50, everyMs: 200 } })
    .remote();
  const values: number[] = [];
  let isOver = false;
  // Several parts of a program, each of which waits for its calls.
  const hammers = upTo(5).map(async () => {
    while (!isOver) {
      const refs = upTo(20).map(() => counter.incr!.remote());
      values.push(...((await wray.get(refs)) as number[]));
    }
  });
  for (const [nth, name] of ["d", "e", "f"].entries()) {
    const at = await hostOf(wray, counter);
    const count = values.length;
    while (values.length < count + 500 * nth) await wray.get(counter.value!.remote());
    const host = hosts.find(({ id }) => id === at)!;
    hosts[hosts.indexOf(host)] = await start(name);
    await host.kill();
    assert.ok((await hostOf(wray, counter)) !== at);
  }
  isOver = true;
  await Promise.all(hammers);
  const sorted = values.sort((one, other) => one - other);
  assert.equal(sorted, upTo(sorted.length));
  assert.is(await wray.get(counter.value!.remote()), sorted.length);
  assert.ok(sorted.length > 500, `${sorted.length} calls`);
});

test("an actor with much state, of which little changes, goes on from what its program has made of the changes", async (t) => {
  const { hosts, wray, probe, start } = await startHosts(t, cluster, wasm, ["a", "b"]);
  const shelf = probe
    .actor("Shelf")
    // What its state takes is no argument.
    .options({ checkpoint: { everyCalls: 1, everyMs: 100 }, maxArgumentBytes: 1 << 20 })
    .remote();
  assert.is(await wray.get(shelf.grow!.remote(10)), 10);
  /** The checkpoint that the program keeps, once it is another than this. */
  const nextTo = async (before: string | undefined) => {
    for (;;) {
      await wray.get(shelf.block!.remote(0));
      const { objects } = await wray.memory();
      const kept = objects.find(
        ({ bytes = 0, at }) => bytes > 10 << 20 && at.some(({ peer }) => peer.id === wray.id),
      );
      if (kept !== undefined && kept.id !== before) return kept.id;
    }
  };
  const texts: string[] = [];
  let checkpoint = await nextTo(undefined);
  for (const [nth, name] of ["c", "d"].entries()) {
    for (let count = 0; count < 3; count++) {
      texts.push(`${nth}.${count}`);
      assert.is(await wray.get(shelf.add!.remote(texts.at(-1)!)), texts.length);
      checkpoint = await nextTo(checkpoint);
    }
    const host = hosts.find(({ id }) => id === shelf[actorHost])!;
    hosts[hosts.indexOf(host)] = await start(name);
    await host.kill();
    assert.equal(await wray.get(shelf.all!.remote()), texts);
    assert.is(await wray.get(shelf.grow!.remote(0)), 10);
    assert.equal(await wray.get(shelf.block!.remote(9)), new Uint8Array(1 << 20).fill(1));
  }
});

test("a host that was frozen is no longer the actor's when it comes back", async (t) => {
  const { hosts, wray, probe, heard } = await startHosts(t, cluster, wasm, ["a", "b"]);
  const counter = probe
    .actor("Counter")
    .options({ checkpoint: { everyCalls: 10 } })
    .remote();
  assert.equal(await wray.get(upTo(35).map(() => counter.incr!.remote())), upTo(35));
  const at = await hostOf(wray, counter);
  const host = hosts.find(({ id }) => id === at)!;
  host.process.kill("SIGSTOP");
  const late = upTo(35).map(() => counter.incr!.remote());
  assert.equal(
    await wray.get(late),
    upTo(35).map((each) => each + 35),
  );
  host.process.kill("SIGCONT");
  await heard(({ host, epoch }) => host === at && epoch > 1);
  assert.ok((await hostOf(wray, counter)) !== at);
  assert.is(await wray.get(counter.incr!.remote()), 71);
});

test("without a checkpoint, an actor is gone with its host, or made anew as often as maxRestarts allows", async (t) => {
  const { hosts, wray, probe } = await startHosts(t, cluster, wasm, ["a", "b"]);
  const Counter = probe.actor("Counter").options({ timeoutMs: 60_000 });
  const [mortal, again] = [Counter.remote(10), Counter.options({ maxRestarts: 1 }).remote(10)];
  await wray.get([mortal.incr!.remote(), again.incr!.remote()]);
  const kill = (id: string | undefined) => hosts.find((host) => host.id === id)!.kill();
  const running: ObjectRef[] = [mortal.spin!.remote(), again.spin!.remote()];
  const [first, second] = [mortal[actorHost], again[actorHost]];
  await kill(first);
  if (second !== first) await kill(second);
  assert.match((await rejects(wray.get(running[0]!), "ACTOR_DIED")).message, `died with host ${first}`);
  await rejects(wray.get(mortal.value!.remote()), "ACTOR_DIED");
  await rejects(wray.get(running[1]!), "ACTOR_UNAVAILABLE");
  if (second !== first) return;
  assert.is(await wray.get(again.value!.remote()), 10);
});

test("migrate() moves an actor with all that it is, and no call is lost or overtaken", async (t) => {
  const { wray, probe } = await startHosts(t, cluster, wasm, ["a", "b"]);
  const shelf = probe.actor("Shelf").remote();
  await wray.get(shelf.grow!.remote(1));
  const texts = upTo(400).map(String);
  const added: ObjectRef[] = [];
  const pauses: number[] = [];
  for (const [nth, text] of texts.entries()) {
    added.push(shelf.add!.remote(text));
    if (nth % 100 !== 50) continue;
    await wray.get(added.at(-1)!);
    const to = shelf[actorHost] === "a" ? "b" : "a";
    const sinceMs = performance.now();
    wray.migrate(shelf, to);
    added.push(shelf.add!.remote(text));
    await wray.get(added.at(-1)!);
    pauses.push(performance.now() - sinceMs);
    assert.is(shelf[actorHost], to);
  }
  console.log(`moved with 1 MiB: ${pauses.map((ms) => `${ms.toFixed(0)} ms`).join(", ")}`);
  assert.equal(await wray.get(added), upTo(404));
  assert.is(((await wray.get(shelf.block!.remote(0))) as Uint8Array).byteLength, 1 << 20);
  assert.is(((await wray.get(shelf.all!.remote())) as string[]).length, 404);
  throwsCode(() => wray.migrate(shelf, "nowhere"), "INVALID_TASK");
});

test("a host that joins gets its part of the actors, and no call fails", async (t) => {
  const { wray, probe, start } = await startHosts(t, cluster, wasm, ["a"]);
  const counters = upTo(20).map((each) => probe.actor("Counter").remote(each));
  await wray.get(counters.map((counter) => counter.value!.remote()));
  await start("b");
  const isSpread = () => counters.filter((counter) => counter[actorHost] === "b").length === 10;
  let count = 0;
  for (; !isSpread(); count++) await wray.get(counters.map((counter) => counter.incr!.remote()));
  assert.equal(
    await wray.get(counters.map((counter) => counter.value!.remote())),
    upTo(20).map((each) => each + count),
  );
});

test("a host that drains hands its actors over to others, and no call fails", async (t) => {
  const { name, hosts, wray, probe, start } = await startHosts(t, cluster, wasm, ["a"]);
  const counters = upTo(20).map((each) => probe.actor("Counter").remote(each));
  await wray.get(counters.map((counter) => counter.value!.remote()));
  await start("b");
  await cluster.knows(wray, ["a", "b"], name);
  const refs: ObjectRef[] = [];
  const drain = startCommand(t, ["drain", "a", "--servers", cluster.server.url, "--cluster", name]);
  let isOver = false;
  void drain.ended.then(() => {
    isOver = true;
  });
  while (!isOver) {
    for (const counter of counters) refs.push(counter.incr!.remote());
    await wray.get(refs.at(-1)!);
  }
  assert.equal(await drain.ended, { code: 0, signal: null }, drain.text());
  await hosts[0]!.ended;
  await wray.get(refs);
  const values = await wray.get(counters.map((counter) => counter.value!.remote()));
  assert.equal(
    values,
    upTo(20).map((each) => each + refs.length / 20),
  );
  assert.ok(counters.every((counter) => counter[actorHost] === "b"));
});

test("with a checkpoint, calls of several programs are each applied exactly once, in the order of each, through kills", async (t) => {
  const { hosts, wray, name, start } = await startHosts(t, cluster, handlesWasm, ["a", "b"]);
  const module = await wray.load(handlesWasm);
  const tally = module
    .actor("Tally")
    .options({ checkpoint: { everyCalls: 30, everyMs: 100 } })
    .remote();
  const address = wray.share(tally);
  const clients = await Promise.all(upTo(3).map(() => cluster.connect({ cluster: name })));
  let isOver = false;
  const hammers = clients.map(async (client) => {
    const found = await client.getActor(address);
    const values: number[] = [];
    while (!isOver) {
      const batch = (await client.get(upTo(10).map(() => found.add!.remote(1)))) as number[];
      assert.equal(
        batch,
        [...batch].sort((one, other) => one - other),
      );
      values.push(...batch);
    }
    return values;
  });
  const kernel = module.kernel("addTo");
  const byTasks: number[] = [];
  for (const next of ["c", "d"]) {
    for (const _ of upTo(20)) byTasks.push((await wray.get(kernel.remote(tally, 1))) as number);
    await wray.get(tally.value!.remote());
    const host = hosts.find(({ id }) => id === tally[actorHost])!;
    hosts[hosts.indexOf(host)] = await start(next);
    await host.kill();
  }
  await wray.get(tally.value!.remote());
  isOver = true;
  const values = [...(await Promise.all(hammers)).flat(), ...byTasks].sort((one, other) => one - other);
  const total = (await wray.get(tally.value!.remote())) as number;
  // A task that was run again has called it again.
  assert.ok(total >= values.length && total - values.length <= 2, `${values.length} of ${total}`);
  assert.is(new Set(values).size, values.length);
});

test("when the owner of an actor dies, those who call it are told within 1 s, and its name is free", async (t) => {
  const { wray, name } = await startHosts(t, cluster, handlesWasm, ["a"]);
  const file = "build/tests/faults/actor-owner.mjs";
  const owner = startCommand(t, [cluster.server.url, handlesWasm, name], { file });
  const [, address] = await owner.printed(/^(actor:\S+)$/);
  const found = await wray.getActor("owned");
  assert.is(wray.share(found), address);
  assert.is(await wray.get(found.add!.remote(4)), 4);
  const resting = found.rest!.remote(2_000_000_000);
  const pending = found.add!.remote(1);
  owner.process.kill("SIGKILL");
  const sinceMs = performance.now();
  await Promise.all([resting, pending].map((ref) => rejects(wray.get(ref), "OWNER_DIED")));
  console.log(`told after ${(performance.now() - sinceMs).toFixed(0)} ms`);
  await rejects(wray.getActor("owned"), "ACTOR_NOT_FOUND");
  const again = (await wray.load(handlesWasm)).actor("Tally").options({ name: "owned" }).remote();
  assert.is(await wray.get(again.add!.remote(1)), 1);
});
