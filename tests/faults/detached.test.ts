import { encode } from "@msgpack/msgpack";
import type { ActorHandle, Client, Module } from "wray";
import { compileHandles } from "../api/handles.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { assert, rejects, suite, type TestContext } from "../support/index.ts";
import { startHosts } from "./start-hosts.ts";

const test = suite("detached actors");
let cluster: Cluster;
let wasm: string;

test.before(async (t) => {
  [cluster, wasm] = await Promise.all([startCluster(t, { hosts: 0 }), compileHandles()]);
});

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const checkpoint = { everyCalls: 40, everyMs: 200 };
const detached = { lifetime: "detached" as const, name: "sum" };

/** Hosts, and clients that know the module. */
async function start(t: TestContext, names: string[]) {
  const started = await startHosts(t, cluster, wasm, names);
  const join = async () => {
    const wray = await cluster.connect({ cluster: started.name });
    return { wray, module: await wray.load(wasm) };
  };
  return { ...started, join };
}

const tallyOf = (module: Module, options: object) => module.actor("Tally").options(options).remote();

/** A program that calls an actor again and again, and waits for what it returns. Returns all of it. */
function hammer({ wray, tally }: { wray: Client; tally: ActorHandle }, isOver: () => boolean) {
  const values: number[] = [];
  const run = async () => {
    while (!isOver()) {
      const batch = (await wray.get(upTo(10).map(() => tally.add!.remote(1)))) as number[];
      // Its own calls are applied in its order.
      assert.equal(
        batch,
        [...batch].sort((one, other) => one - other),
      );
      values.push(...batch);
    }
  };
  return { values, over: run() };
}

/** Each value came of one call, and each call of one value. */
function assertOnce(values: readonly number[], total: number): void {
  assert.equal(
    [...values].sort((one, other) => one - other),
    upTo(values.length),
  );
  assert.is(total, values.length);
}

test("a detached actor outlives its program, and is there until it is killed", async (t) => {
  const { join } = await start(t, ["a"]);
  const first = await join();
  const made = tallyOf(first.module, detached);
  assert.is(await first.wray.get(made.add!.remote(5)), 5);
  await first.wray.shutdown();
  const { wray, module } = await join();
  const found = await wray.getActor("sum");
  assert.is(await wray.get(found.add!.remote(1)), 6);
  assert.is(await wray.get(module.kernel("addTo").remote(found, 1)), 7);
  assert.is(await wray.get(module.kernel("addNamed").remote("sum", "default", 1)), 8);
  await rejects(wray.get(tallyOf(module, detached).value!.remote()), "ACTOR_ALREADY_EXISTS");
  const same = tallyOf(module, { ...detached, getIfExists: true });
  assert.is(await wray.get(same.add!.remote(1)), 9);
  wray.kill(same);
  await rejects(wray.get(found.value!.remote()), "ACTOR_DIED");
  const again = tallyOf(module, { ...detached, getIfExists: true });
  assert.is(await wray.get(again.add!.remote(1)), 1);
});

test("with a checkpoint, each acknowledged call of any program is applied exactly once, whichever hosts are killed", async (t) => {
  const { hosts, start: startHost, join } = await start(t, ["a", "b", "c"]);
  const maker = await join();
  const made = tallyOf(maker.module, { ...detached, checkpoint });
  await maker.wray.get(made.value!.remote());
  const clients = await Promise.all(
    upTo(3).map(async () => {
      const { wray, module } = await join();
      return { wray, module, tally: await wray.getActor("sum") };
    }),
  );
  let isOver = false;
  const hammers = clients.map((client) => hammer(client, () => isOver));
  // The owner is one of them, and the actor is on any.
  for (const [nth, name] of ["d", "e", "f"].entries()) {
    const count = hammers[0]!.values.length;
    while (hammers[0]!.values.length < count + 200 * nth) await maker.wray.get(made.value!.remote());
    const host = hosts[nth]!;
    await startHost(name);
    await host.kill();
    await maker.wray.get(made.value!.remote());
  }
  isOver = true;
  await Promise.all(hammers.map(({ over }) => over));
  const values = hammers.flatMap((each) => each.values);
  assertOnce(values, (await maker.wray.get(made.value!.remote())) as number);
  assert.ok(values.length > 500, `${values.length} calls`);
});

test("an owner that was frozen has nothing to say when it comes back", async (t) => {
  const { hosts, join } = await start(t, ["a", "b"]);
  const { wray, module } = await join();
  const made = tallyOf(module, { ...detached, checkpoint });
  assert.equal(await wray.get(upTo(30).map(() => made.add!.remote(1))), upTo(30));
  const other = await join();
  const found = await other.wray.getActor("sum");
  const values: number[] = [];
  for (const host of hosts) {
    host.process.kill("SIGSTOP");
    const refs = upTo(20).flatMap(() => [made.add!.remote(1)]);
    const others = upTo(20).map(() => found.add!.remote(1));
    values.push(...((await wray.get(refs)) as number[]), ...((await other.wray.get(others)) as number[]));
    host.process.kill("SIGCONT");
    values.push((await wray.get(made.add!.remote(1))) as number);
  }
  assertOnce([...upTo(30), ...values], (await other.wray.get(found.value!.remote())) as number);
});

test("without a checkpoint it is made anew as often as maxRestarts says, and is gone then", async (t) => {
  const { hosts, start: startHost, join } = await start(t, ["a"]);
  const { wray, module } = await join();
  const made = tallyOf(module, { ...detached, maxRestarts: 1, timeoutMs: 60_000 });
  assert.is(await wray.get(made.add!.remote(7)), 7);
  const running = made.rest!.remote(2_000_000_000);
  const second = await startHost("b");
  await hosts[0]!.kill();
  await rejects(wray.get(running), "ACTOR_UNAVAILABLE");
  assert.is(await wray.get(made.add!.remote(1)), 1);
  await startHost("c");
  await second.kill();
  await rejects(wray.get(made.add!.remote(1)), "ACTOR_DIED");
  await rejects(wray.getActor("sum"), "ACTOR_NOT_FOUND");
});

test("a host that leaves gives away those that it owns, as they are, with no call lost or applied twice", async (t) => {
  const { hosts, start: startHost, join } = await start(t, ["a"]);
  const { wray, module } = await join();
  const plain = tallyOf(module, { ...detached, name: "plain" });
  const kept = tallyOf(module, { ...detached, name: "kept", checkpoint });
  await wray.get([plain.value!.remote(), kept.value!.remote()]);
  let isOver = false;
  const hammers = [plain, kept].map((tally) => hammer({ wray, tally }, () => isOver));
  await wray.get([plain.add!.remote(0), kept.add!.remote(0)]);
  await startHost("b");
  hosts[0]!.process.kill("SIGTERM");
  await hosts[0]!.ended;
  const counts = hammers.map(({ values }) => values.length);
  while (hammers.some(({ values }, nth) => values.length <= counts[nth]! + 20))
    await wray.get([plain.value!.remote(), kept.value!.remote()]);
  isOver = true;
  await Promise.all(hammers.map(({ over }) => over));
  for (const [nth, tally] of [plain, kept].entries())
    assertOnce(hammers[nth]!.values, (await wray.get(tally.value!.remote())) as number);
});

test("records that anybody has written harm no host, and hide none of the others", async (t) => {
  const { name, hosts, start: startHost, join } = await start(t, ["a"]);
  const connection = await cluster.nats();
  const names = await connection.jetstream().views.kv(`wray-${name}-actors`);
  const detachedRecord = {
    key: "k",
    host: "h",
    formers: [],
    label: "l",
    options: {},
    args: [],
    restartsLeft: 0,
  };
  await names.put("default.a", Uint8Array.of(0xc1));
  await names.put("default.b", encode({ address: "nonsense", detached: detachedRecord }));
  await names.put(
    "default.c",
    encode({ address: "actor:@default/d", detached: { ...detachedRecord, isFree: true } }),
  );
  await names.put("no-name", encode({ address: "nonsense" }));
  const { wray, module } = await join();
  const kept = tallyOf(module, { ...detached, checkpoint });
  assert.is(await wray.get(kept.add!.remote(3)), 3);
  await startHost("b");
  await hosts[0]!.kill();
  assert.is(await wray.get(kept.add!.remote(1)), 4);
  await rejects(wray.getActor("b"), "PROTOCOL_ERROR");
});

test("what a detached actor can't be is refused: without a name, in a group, with too much to begin with", async (t) => {
  const { join } = await start(t, ["a"]);
  const { wray, module } = await join();
  await rejects((async () => tallyOf(module, { lifetime: "detached" }))(), "INVALID_TASK");
  await rejects((async () => tallyOf(module, { lifetime: "attached" }))(), "INVALID_TASK");
  const noted = (size: number) => module.actor("Note").options(detached).remote("n".repeat(size));
  const error = await rejects(wray.get(noted(300_000).size!.remote()), "LIMIT_EXCEEDED");
  assert.match(
    error.message,
    /the arguments of the detached actor handles\/Note take 600\d+ bytes; they may have 524288/,
  );
  assert.is(await wray.get(noted(200_000).size!.remote()), 200_000);
  const group = await wray.placementGroup([{ cpu: 1 }]);
  await rejects((async () => tallyOf(module, { ...detached, group }))(), "INVALID_TASK");
});
