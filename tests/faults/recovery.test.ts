import type { ObjectRef } from "wray";
import { compileProbe } from "../api/modules.ts";
import { compileOnce } from "../kernels/asc.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { startCommand } from "../support/command.ts";
import { assert, rejects, suite, type TestContext } from "../support/index.ts";
import { bytesOf, checksumOf } from "./job.ts";
import { startHosts as startHostsIn } from "./start-hosts.ts";

const test = suite("recovery");
let cluster: Cluster;
let wasm: string;

test.before(async (t) => {
  [cluster, wasm] = await Promise.all([startCluster(t, { hosts: 0 }), compileProbe()]);
});

const startHosts = (t: TestContext, ...names: string[]) => startHostsIn(t, cluster, wasm, names);

/** Rounds that take about 0.3 s, so that a task is sure to run when its host is hit. */
const while300Ms = 300_000_000;
const endless = 2_000_000_000;

/** The bar is 1 s; a machine that does much else at once gets more. */
const withinMs = 2_000;

for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
  test(`a task runs elsewhere within 1 s of ${signal} of its host`, async (t) => {
    const { hosts, wray, probe } = await startHosts(t, "a", "b");
    const ref = probe.kernel("busy").remote("hit", while300Ms);
    const hit = await Promise.race(hosts.map((host) => host.printed(/busy hit/).then(() => host)));
    const other = hosts.find((host) => host !== hit)!;
    const sinceMs = performance.now();
    hit.process.kill(signal);
    await other.printed(/busy hit/);
    const tookMs = performance.now() - sinceMs;
    console.log(`${signal}: its task ran elsewhere after ${tookMs.toFixed(0)} ms`);
    assert.ok(tookMs < withinMs, `${tookMs} ms`);
    assert.is(await wray.get(ref), "hit");
  });
}

test("a host that was taken for dead hears so, drops its work, takes a lease of a higher epoch, and is of use again", async (t) => {
  const { hosts, wray, probe, heard, knows } = await startHosts(t, "a", "b");
  const [a, b] = hosts;
  const { epoch } = await heard(({ host }) => host === "a");
  const large = probe.kernel("bytes").options({ host: "a" }).remote(500_000, 1);
  await wray.wait([large]);
  wray.free(large);
  const kept = probe.kernel("bytes").remote(500_000, 2);
  const long = probe
    .kernel("busy")
    .options({ prefer: { none: "x" } })
    .remote("long", endless);
  const hit = await Promise.race(hosts.map((host) => host.printed(/busy long/).then(() => host)));
  const other = hit === a ? b! : a!;
  hit.process.kill("SIGSTOP");
  await other.printed(/busy long/);
  assert.is(((await wray.get(kept)) as Uint8Array).length, 500_000);
  hit.process.kill("SIGCONT");
  await hit.printed(/took it for dead; dropped [1-9]\d* tasks/);
  const id = hit === a ? "a" : "b";
  // Nothing is left of what it had.
  const again = await heard((beat) => beat.host === id && beat.running === 0 && beat.queued === 0);
  if (id === "a") assert.ok(again.epoch > epoch, `${again.epoch} > ${epoch}`);
  await knows("a", "b");
  wray.cancel(long);
  assert.is(await wray.get(probe.kernel("join").options({ host: id }).remote("x", "y")), "xy");
});

test("a host that was taken for dead while it had nothing to do drops the objects that it has", async (t) => {
  const { hosts, wray, probe, knows } = await startHosts(t, "a", "b");
  const large = probe.kernel("bytes").options({ host: "a" }).remote(500_000, 1);
  await wray.wait([large]);
  hosts[0]!.process.kill("SIGSTOP");
  await knows("b");
  hosts[0]!.process.kill("SIGCONT");
  await hosts[0]!.printed(/took it for dead; dropped 0 tasks and 1 objects/);
  assert.equal(await wray.get(large), bytesOf(500_000, 1));
});

test("chain of 20 whose every object was on the dead host is back within 2 s of its death", async (t) => {
  const { hosts, wray, start } = await startHosts(t, "a");
  const scale = await wray.remote("vector/scale");
  const values = new Float64Array(20_000).fill(1);
  const chain: ObjectRef<Float64Array>[] = [];
  for (let link = 0; link < 20; link++) chain.push(scale.remote(chain.at(-1) ?? values, 2));
  await wray.wait(chain, { numReturns: 20 });
  const last = chain.pop()!;
  wray.free(chain);
  await start("b");
  const sinceMs = performance.now();
  await hosts[0]!.kill();
  const result = await wray.get(last);
  const tookMs = performance.now() - sinceMs;
  console.log(`chain of 20: back after ${tookMs.toFixed(0)} ms`);
  assert.equal([result.length, result[0], result.at(-1)], [20_000, 2 ** 20, 2 ** 20]);
  assert.ok(tookMs < 2 * withinMs, `${tookMs} ms`);
});

test("an object whose only host is killed is made again, also for tasks that take it", async (t) => {
  const { hosts, wray, probe, start, knows } = await startHosts(t, "a");
  const large = probe.kernel("bytes").remote(1_000_000, 1);
  await wray.wait([large]);
  await start("b");
  await hosts[0]!.kill();
  const sum = probe.kernel("checksum").remote(large);
  assert.is(await wray.get(sum), checksumOf(bytesOf(1_000_000, 1)));
  assert.equal(await wray.get(large), bytesOf(1_000_000, 1));
  await knows("b");
});

test("large items of a stream that were taken before their host died are made again", async (t) => {
  const { hosts, wray, start } = await startHosts(t, "a");
  const streams = await wray.load(await compileOnce("tests/api/fixtures/streams.ts"));
  const stream = streams.kernel("blocks").stream<Uint8Array>(new Array<number>(12).fill(50_000));
  const items: ObjectRef<Uint8Array>[] = [];
  for await (const item of stream) items.push(item);
  const values = await wray.get(items);
  await start("b");
  await hosts[0]!.kill();
  assert.equal(await wray.get(items), values);
});

test("what is made again has the same bytes, also when chance had a part in it, and it was tried more than once", async (t) => {
  const { hosts, wray, start } = await startHosts(t, "a");
  const nested = await wray.load(await compileOnce("tests/api/fixtures/nested.ts"));
  const many = nested.kernel("drawMany").options({ retryErrors: true, maxRetries: 40 });
  const refs = Array.from({ length: 8 }, () => many.remote(0.5, 5_000)) as ObjectRef<Float64Array>[];
  const first = await wray.get(refs);
  const attempts = await Promise.all(refs.map(async (ref) => (await wray.recording(ref)).seed));
  assert.ok(attempts.some((seed) => seed.includes("~")));
  await start("b");
  await hosts[0]!.kill();
  assert.equal(await wray.get(refs), first);
  assert.is(wray.stats().objectsMadeAgain, refs.length);
});

test("get() rejects with OBJECT_LOST, and why, when what is lost can't be made again", async (t) => {
  const { hosts, wray, probe, start } = await startHosts(t, "a");
  const once = probe.kernel("bytes").options({ maxRetries: 0 }).remote(1_000_000, 1);
  const put = wray.put(new Uint8Array(1_000_000));
  const ofFreed = (await wray.remote("vector/scale")).remote(wray.put(new Float64Array(10_000)), 2);
  const ofPut = probe.kernel("checksum").remote(put);
  await wray.wait([once, ofFreed, ofPut], { numReturns: 3 });
  await start("b");
  await hosts[0]!.kill();
  const error = await rejects(wray.get(once), "OBJECT_LOST");
  assert.match(error.message, /object \S+ is lost: host a, .*maxRetries/);
  assert.is((error as unknown as { data: { reason: string } }).data.reason, "retries");
  const taking = await rejects(wray.get(probe.kernel("checksum").remote(once)), "OBJECT_LOST");
  assert.match(String((taking as { remedy?: string }).remedy), "maxRetries");
  wray.free(put);
});

for (const replicas of [2, 3]) {
  test(`put() with replicas: ${replicas} survives the loss of ${replicas - 1} hosts that have it at once`, async (t) => {
    const names = ["a", "b", "c", "d"].slice(0, replicas + 1);
    const { hosts, wray, probe } = await startHosts(t, ...names);
    const value = bytesOf(3_000_000, 7);
    const ref = wray.put(value, { replicas });
    const holders = async () => {
      const { objects } = await wray.memory();
      const at = objects.find(({ id }) => id === ref.id)?.at ?? [];
      return at.map(({ peer }) => (peer.kind === "host" ? peer.id : "client"));
    };
    // It is on its way; the client holds it until it is there.
    let on = await holders();
    while (on.length !== replicas || on.includes("client")) on = await holders();
    const doomed = on.slice(1);
    await Promise.all(hosts.filter((_, index) => doomed.includes(names[index]!)).map((host) => host.kill()));
    assert.is(await wray.get(probe.kernel("checksum").remote(ref)), checksumOf(value));
    assert.equal(await wray.get(ref), value);
  });
}

test("the tasks of a client that is killed end within 1 s, and its objects go with it", async (t) => {
  const { hosts, wray, heard, name: own } = await startHosts(t, "a");
  const file = "build/tests/faults/client-process.mjs";
  const client = startCommand(t, [cluster.server.url, wasm, "endless", own], { file });
  await hosts[0]!.printed(/spinning/);
  const sinceMs = performance.now();
  client.process.kill("SIGKILL");
  await hosts[0]!.printed(/client \S+ died; 1 tasks and [1-9] objects go with it/);
  await heard(({ host, running }) => host === "a" && running === 0);
  const tookMs = performance.now() - sinceMs;
  console.log(`owner died: its tasks ended after ${tookMs.toFixed(0)} ms`);
  assert.ok(tookMs < withinMs, `${tookMs} ms`);
  const { objects } = await wray.memory();
  assert.equal(
    objects.filter(({ id }) => id !== undefined),
    [],
  );
});

test("a client that computes for longer than anybody waits for the dead keeps its tasks and its objects", async (t) => {
  const { wray, probe, knows } = await startHosts(t, "a");
  const large = probe.kernel("bytes").remote(200_000, 3);
  const long = probe.kernel("busy").remote("long", while300Ms);
  await wray.wait([large]);
  const untilMs = performance.now() + 3_000;
  while (performance.now() < untilMs);
  assert.is(await wray.get(long), "long");
  assert.equal(await wray.get(large), bytesOf(200_000, 3));
  await knows("a");
});

test("owner dies before the dependency is ready: what its tasks have submitted ends on other hosts within 1 s", async (t) => {
  const { hosts, wray } = await startHosts(t, "a", "b");
  const nested = await wray.load(await compileOnce("tests/api/fixtures/nested.ts"));
  // One of them has the only cpu there, and the other host takes another.
  const parent = nested.kernel("crowd").options({ host: "a", maxRetries: 0 }).remote(3);
  await hosts[1]!.printed(/spinning/);
  const sinceMs = performance.now();
  await hosts[0]!.kill();
  await hosts[1]!.printed(/client \S+ died; [1-9] tasks and 0 objects go with it/);
  const tookMs = performance.now() - sinceMs;
  console.log(`owner died: its tasks elsewhere ended after ${tookMs.toFixed(0)} ms`);
  assert.ok(tookMs < withinMs, `${tookMs} ms`);
  await rejects(wray.get(parent), "HOST_DIED");
});

test("`wray drain` has a host leave: no task fails, and others have what only it held", async (t) => {
  const { hosts, wray, probe, knows, name: own } = await startHosts(t, "a");
  const large = Array.from({ length: 8 }, (_, seed) => probe.kernel("bytes").remote(1_000_000, seed));
  await wray.wait(large, { numReturns: 8 });
  const other = await cluster.startHost({ cluster: own, args: ["--name", "b"] });
  t.after(() => other.kill());
  await knows("a", "b");
  const busy = Array.from({ length: 6 }, (_, index) =>
    probe.kernel("busy").options({ maxRetries: 0 }).remote(`task ${index}`, 100_000_000),
  );
  await hosts[0]!.printed(/busy/);
  const drain = startCommand(t, ["drain", "a", "--servers", cluster.server.url, "--cluster", own]);
  assert.is((await drain.ended).code, 0, drain.text());
  assert.match(drain.text(), "host a has left");
  assert.equal(await hosts[0]!.ended, { code: 0, signal: null });
  assert.equal(
    await wray.get(busy),
    busy.map((_, index) => `task ${index}`),
  );
  const { objects } = await wray.memory();
  for (const ref of large)
    assert.equal(
      objects.find(({ id }) => id === ref.id)!.at.map(({ peer }) => peer.id),
      ["b"],
    );
  assert.equal(
    await wray.get(large),
    large.map((_, seed) => bytesOf(1_000_000, seed)),
  );
});

test("`wray drain` of a host that is not there says so", async (t) => {
  const drain = startCommand(t, ["drain", "nobody", "--servers", cluster.server.url]);
  assert.is((await drain.ended).code, 1);
  assert.match(drain.text(), "the cluster has no host named nobody");
});
