import { init } from "wray";
import { compileProbe } from "../api/modules.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { startCommand } from "../support/command.ts";
import { assert, rejects, suite, throwsCode } from "../support/index.ts";

const test = suite("jobs");
let cluster: Cluster;
let wasm: string;

test.before(async (t) => {
  [cluster, wasm] = await Promise.all([startCluster(t), compileProbe()]);
});

test("submit() gives a job whose result any client gets later, also when its program has ended", async (t) => {
  const file = "build/tests/jobs/submitter.mjs";
  const submitter = startCommand(t, [cluster.server.url, wasm, "walked-away"], { file });
  assert.is((await submitter.ended).code, 0);
  const wray = await cluster.connect();
  const job = wray.job("walked-away");
  assert.is(await job.result(), "job walked-away");
  const { state, kernel, attempts, host } = await job.status();
  assert.equal(
    { state, kernel, attempts, host },
    { state: "done", kernel: "probe/busy", attempts: 1, host: cluster.hosts[0]!.id },
  );
});

test("submit() brings every value to the kernel, and its result back, as remote() does", async () => {
  const wray = await cluster.connect();
  const probe = await wray.load(wasm);
  const durable = (name: string) => probe.kernel(name).options({ durable: true });
  const job = await durable("checksum").submit(Uint8Array.of(1, 2, 3));
  assert.is(await job.result(), await wray.get(probe.kernel("checksum").remote(Uint8Array.of(1, 2, 3))));
  assert.equal(await (await durable("bytes").submit(3, 1)).result(), Uint8Array.of(1, 32, 63));
  assert.is(await (await durable("nothing").submit()).result(), undefined);
  assert.is(await (await durable("join").submit("\ud800", "")).result(), "\ud800");
  assert.ok(Number.isNaN(await (await durable("nan").submit()).result()));
  const fib = (await wray.remote("math/fib")).options({ durable: true });
  assert.is(await (await fib.submit(90)).result(), 2880067194370816120n);
});

test("submit() runs the first of two jobs of one id, also when it is done already", async () => {
  const wray = await cluster.connect();
  const join = (await wray.load(wasm)).kernel("join").options({ durable: true, id: "twice" });
  const [first, second] = await Promise.all([join.submit("a", "b"), join.submit("a", "b")]);
  assert.is(await first.result(), "ab");
  assert.is(await second.result(), "ab");
  const late = await join.submit("c", "d");
  const { atMs } = await late.status();
  // A job that comes after it has been taken, so it has, too.
  await (await join.options({ id: "after-twice" }).submit("e", "f")).result();
  assert.is(await late.result(), "ab");
  assert.is((await late.status()).atMs, atMs);
});

test("result() rejects with the error of the kernel, its file and line; it is tried once unless retryErrors says otherwise", async () => {
  const wray = await cluster.connect();
  const fail = (await wray.load(wasm)).kernel("fail").options({ durable: true });
  const once = await fail.submit("no");
  const error = await rejects(once.result(), "TASK_ERROR");
  assert.match(error.message, /probe\.ts:\d+:\d+/);
  const status = await once.status();
  assert.equal([status.state, status.attempts, status.isDead], ["failed", 1, true]);
  const thrice = await fail.options({ retryErrors: true, maxRetries: 2, backoffMs: 1 }).submit("no");
  await rejects(thrice.result(), "TASK_ERROR");
  assert.is((await thrice.status()).attempts, 3);
});

test("result() rejects with GET_TIMEOUT in time, JOB_NOT_FOUND for no job, and SHUTDOWN when its client ends", async (t) => {
  const wray = await init({ servers: cluster.server.url, cluster: "no-hosts" });
  t.after(() => wray.shutdown());
  const job = await (await wray.load(wasm)).kernel("nothing").options({ durable: true }).submit();
  assert.is((await job.status()).state, "waiting");
  await rejects(job.result({ timeoutMs: 1 }), "GET_TIMEOUT");
  await rejects(wray.job("nobody").result(), "JOB_NOT_FOUND");
  assert.is((await wray.job("nobody").status()).state, "unknown");
  const waiting = rejects(job.result(), "SHUTDOWN");
  await wray.shutdown();
  await waiting;
});

test("a job waits for the first host to come", async () => {
  const wray = await cluster.connect({ cluster: "later" });
  const job = await (await wray.load(wasm)).kernel("join").options({ durable: true }).submit("a", "b");
  const host = await cluster.startHost({ cluster: "later" });
  assert.is(await job.result(), "ab");
  await host.kill();
});

test("cancel() ends a job that waits and one that runs", async () => {
  const wray = await cluster.connect({ cluster: "cancelled" });
  const spin = (await wray.load(wasm)).kernel("spin").options({ durable: true });
  const waiting = await spin.submit();
  assert.is(await waiting.cancel(), true);
  assert.is(await waiting.cancel(), false);
  await rejects(waiting.result(), "TASK_CANCELLED");
  await rejects(wray.job("nobody").cancel(), "JOB_NOT_FOUND");
  const host = await cluster.startHost({ cluster: "cancelled" });
  const running = await spin.submit();
  await host.printed(/spinning/);
  assert.is(await running.cancel(), true);
  await rejects(running.result(), "TASK_CANCELLED");
  // Its only worker is free again.
  const add = (await wray.remote("math/add")).options({ durable: true });
  assert.is(await (await add.submit(1, 2)).result(), 3);
  assert.equal(await wray.deadJobs(), []);
  await host.kill();
});

test("jobs() lists what is to be done and what was done", async () => {
  const wray = await cluster.connect({ cluster: "listed" });
  const probe = await wray.load(wasm);
  const durable = { durable: true } as const;
  await probe
    .kernel("join")
    .options({ ...durable, id: "first" })
    .submit("a", "b");
  assert.equal(
    (await wray.jobs()).map(({ id, state, kernel }) => [id, state, kernel]),
    [["first", "waiting", "probe/join"]],
  );
  const host = await cluster.startHost({ cluster: "listed" });
  await wray.job("first").result();
  await probe
    .kernel("spin")
    .options({ ...durable, id: "second" })
    .submit();
  await host.printed(/spinning/);
  const states = (await wray.jobs()).map(({ id, state }) => [id, state]);
  assert.equal(states, [
    ["second", "running"],
    ["first", "done"],
  ]);
  await host.kill();
});

test("results go when their time is over, as a host says", async () => {
  const host = await cluster.startHost({ cluster: "brief", args: ["--result-ttl-ms", "400"] });
  const wray = await cluster.connect({ cluster: "brief" });
  const join = (await wray.load(wasm)).kernel("join").options({ durable: true, id: "brief" });
  const job = await join.submit("a", "b");
  while ((await job.status()).state !== "unknown");
  await rejects(job.result(), "JOB_NOT_FOUND");
  // Its id can be had again.
  await join.submit("c", "d");
  await host.kill();
});

test("what a job can't be is refused before it is submitted", async (t) => {
  const wray = await cluster.connect();
  const probe = await wray.load(wasm);
  const join = probe.kernel("join");
  const durable = join.options({ durable: true });
  await rejects(durable.submit("a"), "INVALID_TASK");
  await rejects(durable.submit("a", 5), "INVALID_TASK");
  await rejects(durable.submit("a", wray.put("b")), "INVALID_TASK");
  await rejects(durable.submit("a", "b".repeat(1_000_000)), "LIMIT_EXCEEDED");
  for (const options of [
    { id: "a.b" },
    { backoffMs: -1 },
    { clock: [1] },
    { other: 1 },
    { durable: false },
  ]) {
    throwsCode(() => join.options({ durable: true, ...options } as never), "INVALID_TASK");
  }
  throwsCode(() => wray.job("a.b"), "INVALID_TASK");
  const embedded = await init({ cpus: 1 });
  t.after(() => embedded.shutdown());
  const add = await embedded.remote("math/add");
  throwsCode(() => add.options({ durable: true }), "INVALID_TASK");
  throwsCode(() => embedded.job("a"), "INVALID_TASK");
  await rejects(embedded.jobs(), "INVALID_TASK");
});

test("a result that is larger than a message is a failure that says so", async () => {
  const wray = await cluster.connect();
  const bytes = (await wray.load(wasm)).kernel("bytes").options({ durable: true });
  const error = await rejects((await bytes.submit(2_000_000, 1)).result(), "LIMIT_EXCEEDED");
  assert.match(error.message, "2000");
  assert.is(((await (await bytes.submit(900_000, 1)).result()) as Uint8Array).length, 900_000);
});
