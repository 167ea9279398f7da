import { startNatsServer } from "../../scripts/nats/index.ts";
import { compileProbe } from "../api/modules.ts";
import { compileOnce } from "../kernels/asc.ts";
import { startCluster } from "../support/cluster.ts";
import { startCommand } from "../support/command.ts";
import { assert, suite, type TestContext } from "../support/index.ts";
import { bytesOf, checksumOf, startJob } from "./job.ts";

const test = suite("server faults");
let wasm: string;

test.before(async () => {
  wasm = await compileProbe();
});

test("a host keeps trying when there is no server yet, and joins when there is", async (t) => {
  const first = await startNatsServer();
  const { port, url } = first;
  await first.stop();
  const host = startCommand(t, ["host", "--cpus", "1", "--servers", url]);
  await host.printed(/no NATS server answers at .*; trying again/);
  const server = await startNatsServer({ port });
  t.after(() => server.stop());
  await host.printed(/ joined /);
  host.process.kill("SIGTERM");
  assert.is((await host.ended).code, 0);
});

test("a host keeps trying when the server has no JetStream yet, and joins when it has", async (t) => {
  const first = await startNatsServer({ jetstream: false });
  t.after(() => first.stop());
  const { port, url } = first;
  const host = startCommand(t, ["host", "--cpus", "1", "--servers", url]);
  await host.printed(/gives no JetStream/);
  await first.stop();
  const server = await startNatsServer({ port });
  t.after(() => server.stop());
  await host.printed(/ joined /);
});

/** A client with a job of which a part is done, on two hosts. */
async function startHalfJob(t: TestContext) {
  const cluster = await startCluster(t, { hosts: 2 });
  const wray = await cluster.connect();
  const probe = await wray.load(wasm);
  const job = startJob(wray, probe, 150);
  await wray.wait(job.refs, { numReturns: 40 });
  return { cluster, wray, probe, job };
}

test("a job ends with the right results when the server is killed and comes back", async (t) => {
  const { cluster, wray, probe, job } = await startHalfJob(t);
  await cluster.server.kill();
  await cluster.server.restart();
  await job.check();
  await startJob(wray, probe, 5).check();
  for (const host of cluster.hosts) assert.is(host.process.exitCode, null);
});

test("a job ends with the right results when the server is killed time and again", async (t) => {
  const { cluster, wray, job } = await startHalfJob(t);
  for (const numReturns of [60, 100, 140]) {
    await cluster.server.kill();
    await cluster.server.restart();
    await wray.wait(job.refs, { numReturns });
  }
  await job.check();
});

test("a job ends with the right results when the server comes back with an empty store", async (t) => {
  const { cluster, wray, probe, job } = await startHalfJob(t);
  const { port } = cluster.server;
  await cluster.server.stop();
  const empty = await startNatsServer({ port });
  t.after(() => empty.stop());
  await job.check();
  await startJob(wray, probe, 5).check();
  assert.is(await wray.get((await wray.remote("math/add")).remote(1, 2)), 3);
  // Its module was lost with the store, and is there again once it is loaded again.
  await startJob(wray, await wray.load(wasm), 5).check();
});

test("what became ready while the server was away, small and large, comes once it is back", async (t) => {
  const cluster = await startCluster(t, { hosts: 2 });
  const wray = await cluster.connect();
  const probe = await wray.load(wasm);
  const busy = probe.kernel("busy");
  const names = ["first", "second"];
  const refs = names.map((name) => busy.remote(name, 300_000_000));
  const large = probe.kernel("bytes").remote(2_000_000, 7);
  const sum = probe.kernel("checksum").remote(large);
  const said = (what: string) =>
    Promise.all(
      names.map((name) =>
        Promise.race(cluster.hosts.map((host) => host.printed(new RegExp(`${what} ${name}`)))),
      ),
    );
  // What is on its way when the server is killed gets there only afterwards.
  await said("busy");
  await cluster.server.kill();
  // With nobody to tell.
  await said("done");
  await cluster.server.restart();
  assert.equal(await wray.get(refs), names);
  assert.is(await wray.get(sum), checksumOf(bytesOf(2_000_000, 7)));
  assert.is(wray.stats().tasksRetried, 0);
});

test("a stream gives each item once when the server is killed in its middle", async (t) => {
  const cluster = await startCluster(t, { hosts: 1 });
  const wray = await cluster.connect();
  const streams = await wray.load(await compileOnce("tests/api/fixtures/streams.ts"));
  const seen: number[] = [];
  for await (const ref of streams.kernel("count").stream<number>(300)) {
    seen.push(await wray.get(ref));
    if (seen.length % 100 !== 50) continue;
    await cluster.server.kill();
    await cluster.server.restart();
  }
  assert.equal(
    seen,
    Array.from({ length: 300 }, (_, index) => index),
  );
});

test("an object comes whole when the server is killed while it is on its way", async (t) => {
  const cluster = await startCluster(t, { hosts: 2 });
  const wray = await cluster.connect();
  const probe = await wray.load(wasm);
  const [a, b] = cluster.hosts.map(({ id }) => id) as [string, string];
  const large = probe.kernel("bytes").options({ host: a }).remote(30_000_000, 3);
  await wray.wait([large]);
  const sum = probe.kernel("checksum").options({ host: b }).remote(large);
  const here = wray.get(large) as Promise<Uint8Array>;
  await cluster.server.kill();
  await cluster.server.restart();
  const right = bytesOf(30_000_000, 3);
  assert.is(Buffer.compare(await here, right), 0);
  assert.is(await wray.get(sum), checksumOf(right));
});

test("tasks that are submitted while the server is away run when it is back", async (t) => {
  const cluster = await startCluster(t, { hosts: 2 });
  const wray = await cluster.connect();
  // No host has fetched the module yet.
  const probe = await wray.load(wasm);
  await cluster.server.kill();
  const job = startJob(wray, probe, 20);
  await cluster.server.restart();
  await job.check();
});

test("load(), remote() and get() wait for the server when it is away", async (t) => {
  const cluster = await startCluster(t, { hosts: 1 });
  const wray = await cluster.connect();
  const large = (await wray.load(wasm)).kernel("bytes").remote(2_000_000, 1);
  await wray.wait([large]);
  await cluster.server.kill();
  const waiting = [wray.load(wasm), wray.remote("vector/dot"), wray.get(large)] as const;
  await cluster.server.restart();
  const [probe, dot, value] = await Promise.all(waiting);
  assert.is(probe.name, "probe");
  assert.is(dot.name, "vector/dot");
  assert.is((value as Uint8Array).length, 2_000_000);
});

test("a host that gets SIGTERM while the server is away exits with 0", async (t) => {
  const { cluster } = await startHalfJob(t);
  await cluster.server.kill();
  const ends = await Promise.all(cluster.hosts.map((host) => host.kill("SIGTERM")));
  assert.equal(ends, Array(2).fill({ code: 0, signal: null }));
});
