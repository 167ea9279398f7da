import { compileProbe } from "../api/modules.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { startCommand } from "../support/command.ts";
import { assert, rejects, suite } from "../support/index.ts";
import { bytesOf, checksumOf, startJob } from "./job.ts";

const test = suite("client faults");
const file = "build/tests/faults/client-process.mjs";
let cluster: Cluster;
let wasm: string;

test.before(async (t) => {
  [cluster, wasm] = await Promise.all([startCluster(t, { hosts: 2 }), compileProbe()]);
});

test("two clients of one cluster get each their own results", async () => {
  const clients = await Promise.all([cluster.connect(), cluster.connect()]);
  const jobs = await Promise.all(clients.map(async (wray) => startJob(wray, await wray.load(wasm), 40)));
  await Promise.all(jobs.map((job) => job.check()));
  for (const wray of clients) {
    assert.equal(
      wray.nodes().reduce((sum, { tasksRun }) => sum + tasksRun, 0),
      120,
    );
  }
});

test("two clusters on one server do not see each other", async (t) => {
  const host = await cluster.startHost({ cluster: "other" });
  t.after(() => host.kill());
  const [here, there] = await Promise.all([cluster.connect(), cluster.connect({ cluster: "other" })]);
  await cluster.knows(there, [host.id], "other");
  await cluster.knows(
    here,
    cluster.hosts.map(({ id }) => id),
  );
  await here.load(wasm);
  await rejects(there.remote("probe/join"), "MODULE_NOT_FOUND");
  const add = await there.remote("math/add");
  assert.is(await there.get(add.remote(1, 2)), 3);
  assert.equal(
    here.nodes().map(({ tasksRun }) => tasksRun),
    [0, 0],
  );
});

test("hosts serve others when a client is killed with tasks running", async (t) => {
  const wray = await cluster.connect();
  const probe = await wray.load(wasm);
  const killed = startCommand(t, [cluster.server.url, wasm, "with tasks"], { file });
  await killed.printed(/working/);
  killed.process.kill("SIGKILL");
  await startJob(wray, probe, 20).check();
});

test("a client that is killed holds what it has reserved no longer than its lease", async (t) => {
  const wray = await cluster.connect();
  const killed = startCommand(t, [cluster.server.url, wasm, "with a group"], { file });
  await killed.printed(/holding/);
  await rejects(wray.placementGroup([{ cpu: 1 }], { timeoutMs: 200 }), "GET_TIMEOUT");
  killed.process.kill("SIGKILL");
  (await wray.placementGroup([{ cpu: 1 }, { cpu: 1 }])).remove();
});

test("shutdown() ends the client's tasks, also those that would never end", async (t) => {
  const host = await cluster.startHost({ cluster: "left" });
  t.after(() => host.kill());
  const [leaving, staying] = await Promise.all([0, 1].map(() => cluster.connect({ cluster: "left" })));
  const spin = (await leaving!.load(wasm)).kernel("spin");
  const add = await staying!.remote("math/add");
  const [running] = [spin.remote(), spin.remote()]; // The other one waits behind it.
  await cluster.heard((heartbeat) => heartbeat.running === 1, "left");
  const waiting = add.remote(1, 2);
  await leaving!.shutdown();
  await rejects(leaving!.get(running!), "SHUTDOWN");
  assert.is(await staying!.get(waiting), 3);
});

for (const how of ["shutdown", "using", "forgetful"]) {
  test(`an embedded program ends by itself, way out: ${how}`, async (t) => {
    const program = startCommand(t, ["embedded", wasm, how], { file });
    assert.equal(await program.ended, { code: 0, signal: null }, program.text());
    assert.is(program.text(), `sum ${checksumOf(bytesOf(100_000, 1))}`);
  });
}

for (const how of ["shutdown", "using"]) {
  test(`a program with a cluster ends by itself, way out: ${how}`, async (t) => {
    const program = startCommand(t, [cluster.server.url, wasm, how], { file });
    assert.equal(await program.ended, { code: 0, signal: null }, program.text());
    assert.is(program.text(), `sum ${checksumOf(bytesOf(100_000, 1))}`);
  });
}
