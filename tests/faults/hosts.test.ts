import type { Client, Module } from "wray";
import { compileProbe } from "../api/modules.ts";
import { compileOnce } from "../kernels/asc.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { assert, rejects, suite, type TestContext } from "../support/index.ts";
import { startJob } from "./job.ts";

const test = suite("host faults");
let cluster: Cluster;
let wasm: string;

test.before(async (t) => {
  [cluster, wasm] = await Promise.all([startCluster(t, { hosts: 0 }), compileProbe()]);
});

/** Hosts in a cluster of the test's own, by name, and a client of it. */
async function startHosts(t: TestContext, ...names: string[]) {
  const own = `c${Math.random().toString(36).slice(2)}`;
  const start = (name: string, cpus = 1) => cluster.startHost({ cluster: own, cpus, args: ["--name", name] });
  const hosts = await Promise.all(names.map((name) => start(name)));
  t.after(() => Promise.all(hosts.map((host) => host.kill())));
  const wray: Client = await cluster.connect({ cluster: own });
  t.after(() => wray.shutdown());
  const probe: Module = await wray.load(wasm);
  return { hosts, wray, probe, start, name: own };
}

/** Rounds that keep a host busy for longer than the test takes. */
const endless = 2_000_000_000;

const idsOf = (wray: Client) => wray.nodes().map(({ id }) => id);

test("a host that gets SIGTERM finishes or hands back all it has, and exits with 0", async (t) => {
  const { hosts, wray, probe, name } = await startHosts(t, "a", "b", "c");
  const job = startJob(wray, probe, 60, { maxRetries: 0 });
  const running = probe.kernel("busy").options({ maxRetries: 0 });
  const names = Array.from({ length: 6 }, (_, index) => `task ${index}`);
  const refs = names.map((name) => running.remote(name, 50_000_000));
  await Promise.race(hosts.map((host) => host.printed(/busy task/)));
  for (const host of hosts.slice(0, 2)) host.process.kill("SIGTERM");
  await job.check();
  assert.equal(await wray.get(refs), names);
  for (const host of hosts.slice(0, 2)) assert.equal(await host.ended, { code: 0, signal: null });
  await cluster.knows(wray, ["c"], name);
});

test("a host that gets SIGTERM does not go before the owner has what only it holds", async (t) => {
  const { hosts, wray, probe, start } = await startHosts(t, "a");
  const large = [probe.kernel("bytes").remote(3_000_000, 1), probe.kernel("bytes").remote(100_000, 2)];
  await wray.wait(large, { numReturns: 2 });
  const other = await start("b");
  assert.is((await hosts[0]!.kill("SIGTERM")).code, 0);
  const lengths = (await wray.get(large)).map((value) => (value as Uint8Array).length);
  assert.equal(lengths, [3_000_000, 100_000]);
  assert.is(typeof (await wray.get(probe.kernel("checksum").remote(large[0]!))), "number");
  await other.kill();
});

test("a job ends with the right results when a host is killed in its middle", async (t) => {
  const { hosts, wray, probe, name } = await startHosts(t, "a", "b", "c");
  const refs = Array.from({ length: 90 }, (_, index) =>
    probe.kernel("busy").remote(`task ${index}`, 5_000_000),
  );
  const sums = refs.map((ref) => probe.kernel("join").remote("done: ", ref));
  await wray.wait(sums, { numReturns: 20 });
  await hosts[0]!.kill();
  assert.equal(
    await wray.get(sums),
    Array.from({ length: 90 }, (_, index) => `done: task ${index}`),
  );
  // It may have had nothing left to do, so that the job ends before its death is noticed.
  await cluster.knows(wray, ["b", "c"], name);
});

test("a stream gives each item once when the host of its task is killed in its middle", async (t) => {
  const { hosts, wray } = await startHosts(t, "a", "b");
  const streams = await wray.load(await compileOnce("tests/api/fixtures/streams.ts"));
  const killHostOf = () => {
    const { id } = wray.nodes().find(({ tasksPending }) => tasksPending > 0)!;
    return hosts.find((host) => host.id === id)!.kill();
  };
  const seen: number[] = [];
  for await (const ref of streams.kernel("count").stream<number>(500)) {
    seen.push(await wray.get(ref));
    if (seen.length === 100) await killHostOf();
  }
  assert.equal(
    seen,
    Array.from({ length: 500 }, (_, index) => index),
  );
  assert.is(idsOf(wray).length, 1);
});

test("a stream gives large items that died with their host before they were taken", async (t) => {
  const { hosts, wray, start, name } = await startHosts(t, "a");
  const streams = await wray.load(await compileOnce("tests/api/fixtures/streams.ts"));
  const sizes = new Array<number>(30).fill(50_000);
  const items = streams.kernel("blocks").stream<Uint8Array>(sizes)[Symbol.asyncIterator]();
  const numbers: number[] = [];
  const take = async () => {
    const { done, value } = await items.next();
    if (!done) numbers.push((await wray.get(value))[0]!);
    return done;
  };
  for (let taken = 0; taken < 3; taken++) await take();
  const other = await start("b");
  await hosts[0]!.kill();
  await cluster.knows(wray, ["b"], name);
  while (!(await take()));
  assert.equal(
    numbers,
    sizes.map((_, index) => index),
  );
  await other.kill();
});

test("get() rejects with HOST_DIED when a task's host is killed and it has no retries", async (t) => {
  const { hosts, wray, probe } = await startHosts(t, "a");
  const ref = probe.kernel("busy").options({ maxRetries: 0 }).remote("last", endless);
  await hosts[0]!.printed(/busy last/);
  await hosts[0]!.kill();
  const error = await rejects(wray.get(ref), "HOST_DIED");
  assert.match(error.message, "host a died with probe/busy");
  assert.equal((error as unknown as { data: unknown }).data, { host: "a", kernel: "probe/busy" });
});

test("get() rejects with HOST_DIED when a task has taken maxRetries hosts with it", async (t) => {
  const { hosts, wray, probe } = await startHosts(t, "a", "b");
  const ref = probe.kernel("busy").options({ maxRetries: 1 }).remote("cursed", endless);
  const first = await Promise.race(hosts.map(async (host) => host.printed(/busy cursed/).then(() => host)));
  const second = hosts.find((host) => host !== first)!;
  await first.kill();
  await second.printed(/busy cursed/);
  await second.kill();
  const { message } = await rejects(wray.get(ref), "HOST_DIED");
  assert.match(message, `host ${second.id} died`);
});

test("a put value is still there when a host that had a copy is killed", async (t) => {
  const { hosts, wray, probe, start } = await startHosts(t, "a");
  const ref = wray.put(new Uint8Array(500_000));
  const sum = await wray.get(probe.kernel("checksum").remote(ref));
  const other = await start("b");
  await hosts[0]!.kill();
  assert.is(await wray.get(probe.kernel("checksum").remote(ref)), sum);
  await other.kill();
});

test("tasks run elsewhere when their host freezes, and it is of use again when it wakes", async (t) => {
  const { hosts, wray, probe, name } = await startHosts(t, "a", "b");
  const names = Array.from({ length: 20 }, (_, index) => `task ${index}`);
  const tasks = names.map((name) => probe.kernel("busy").remote(name, 5_000_000));
  await hosts[0]!.printed(/busy/);
  hosts[0]!.process.kill("SIGSTOP");
  assert.equal(await wray.get(tasks), names);
  await cluster.knows(wray, ["b"], name);
  hosts[0]!.process.kill("SIGCONT");
  await cluster.heard(({ host }) => host === "a", name);
  await hosts[1]!.kill();
  assert.is(await wray.get(probe.kernel("join").remote("a", "b")), "ab");
});

test("tasks run again when their host is killed and comes back at once under its name", async (t) => {
  const { hosts, wray, probe, start } = await startHosts(t, "same");
  const large = probe.kernel("bytes").remote(200_000, 1);
  await wray.wait([large]);
  const ref = probe.kernel("busy").remote("again", 300_000_000);
  await hosts[0]!.printed(/busy again/);
  await hosts[0]!.kill();
  const back = await start("same");
  await back.printed(/busy again/);
  assert.is(await wray.get(ref), "again");
  assert.is(((await wray.get(large)) as Uint8Array).length, 200_000);
  assert.is(await wray.get(probe.kernel("join").remote("a", "b")), "ab");
  await back.kill();
});

test("get() rejects with INFEASIBLE_TASK when no host comes in infeasibleAfterMs", async () => {
  const wray = await cluster.connect({ cluster: "empty", infeasibleAfterMs: 200 });
  const probe = await wray.load(wasm);
  const error = await rejects(wray.get(probe.kernel("join").remote("a", "b")), "INFEASIBLE_TASK");
  assert.match(error.message, "probe/join found no host within 200 ms");
  assert.match(String((error as { remedy?: string }).remedy), "npx wray host");
  await rejects(wray.remote("math/add"), "MODULE_NOT_FOUND");
});

test("waiting tasks run, and shipped modules are found, when a host joins in time", async () => {
  const wray = await cluster.connect({ cluster: "late" });
  const probe = await wray.load(wasm);
  const ref = probe.kernel("join").remote("a", "b");
  const shipped = wray.remote("math/add");
  assert.equal((await wray.wait([ref], { timeoutMs: 0 })).ready, []);
  const host = await cluster.startHost({ cluster: "late" });
  assert.is(await wray.get(ref), "ab");
  assert.is(await wray.get((await shipped).remote(1, 2)), 3);
  await host.kill();
});
