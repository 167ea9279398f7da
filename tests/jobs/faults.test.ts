import { compileProbe } from "../api/modules.ts";
import { randomOf } from "../scheduler/seeds.ts";
import { type Cluster, type HostProcess, startCluster } from "../support/cluster.ts";
import { startCommand } from "../support/command.ts";
import { assert, rejects, suite, type TestContext } from "../support/index.ts";

const test = suite("job faults");
const durable = { durable: true } as const;
let wasm: string;

test.before(async () => {
  wasm = await compileProbe();
});

/** A cluster, and its kernels as jobs. */
async function start(t: TestContext, hosts: number) {
  const cluster = await startCluster(t, { hosts });
  const wray = await cluster.connect();
  const probe = await wray.load(wasm);
  return { cluster, wray, kernel: (name: string) => probe.kernel(name).options(durable) };
}

/** How often a record was ever written to the bucket of results, whatever is in it now. */
async function writtenCount(cluster: Cluster): Promise<number> {
  const manager = await (await cluster.nats()).jetstreamManager();
  return (await manager.streams.info("KV_wray-default-results")).state.last_seq;
}

const seconds = (count: number) => count * 1_000_000_000;

test(
  "a job whose host is killed in its middle runs elsewhere, and has one result",
  async (t) => {
    const { cluster, kernel } = await start(t, 2);
    const job = await kernel("busy").submit("moved", seconds(0.7));
    const first = await Promise.race(
      cluster.hosts.map((host) => host.printed(/busy moved/).then(() => host)),
    );
    await first.kill();
    assert.is(await job.result(), "moved");
    const { attempts, host } = await job.status();
    assert.is(attempts, 2);
    assert.is.not(host, first.id);
    assert.is(await writtenCount(cluster), 1);
  },
  { timeoutMs: 60_000 },
);

test("a job whose host gets SIGTERM is given back, which counts as no attempt", async (t) => {
  const { cluster, kernel } = await start(t, 1);
  const job = await kernel("spin").options({ maxRetries: 0 }).submit();
  const [host] = cluster.hosts as [HostProcess];
  await host.printed(/spinning/);
  assert.is((await host.kill("SIGTERM")).code, 0);
  const { state, attempts } = await job.status();
  assert.equal([state, attempts], ["retrying", 0]);
  const next = await cluster.startHost();
  await next.printed(/spinning/);
  await job.cancel();
});

test("a job that takes its hosts with it dies when it has done so too often", async (t) => {
  const { cluster, kernel, wray } = await start(t, 1);
  const job = await kernel("spin").options({ maxRetries: 0 }).submit();
  await cluster.hosts[0]!.printed(/spinning/);
  await cluster.hosts[0]!.kill();
  await cluster.startHost();
  const error = await rejects(job.result(), "HOST_DIED");
  assert.match(error.message, "begun 1 times");
  assert.equal(
    (await wray.deadJobs()).map(({ id }) => id),
    [job.id],
  );
});

test("a job that fails is tried again after longer and longer times, and then is dead", async (t) => {
  const { cluster, kernel } = await start(t, 1);
  const job = await kernel("fail").options({ retryErrors: true, maxRetries: 3, backoffMs: 50 }).submit("no");
  await rejects(job.result(), "TASK_ERROR");
  assert.is((await job.status()).attempts, 4);
  assert.is((await job.status()).isDead, true);
  // Three failures, and the last.
  assert.is(await writtenCount(cluster), 4);
});

test("jobs are not lost, and none has two results, when the server is killed and comes back", async (t) => {
  const { cluster, kernel } = await start(t, 2);
  const busy = kernel("busy");
  const names = Array.from({ length: 40 }, (_, index) => `job-${index}`);
  const jobs = await Promise.all(names.map((id) => busy.options({ id }).submit(id, seconds(0.01))));
  await jobs[3]!.result();
  await cluster.server.kill();
  const submitting = busy.options({ id: "meanwhile" }).submit("meanwhile", 1);
  await cluster.server.restart();
  assert.equal(await Promise.all(jobs.map((job) => job.result())), names);
  assert.is(await (await submitting).result(), "meanwhile");
  assert.is(await writtenCount(cluster), names.length + 1);
});

test("a job that is submitted while there is no host runs when one comes, though all else was restarted", async (t) => {
  const cluster = await startCluster(t, { hosts: 0 });
  const file = "build/tests/jobs/submitter.mjs";
  const submitter = startCommand(t, [cluster.server.url, wasm, "patient"], { file });
  assert.is((await submitter.ended).code, 0);
  await cluster.server.kill();
  await cluster.server.restart();
  await cluster.startHost();
  const wray = await cluster.connect();
  assert.is(await wray.job("patient").result(), "job patient");
});

test("submit() makes the stream anew when the server was replaced by an empty one, and hosts find it", async (t) => {
  const { cluster, kernel, wray } = await start(t, 1);
  assert.is(await (await kernel("join").submit("a", "b")).result(), "ab");
  const manager = await (await cluster.nats()).jetstreamManager();
  for await (const { config } of manager.streams.list()) {
    if (/jobs|results|dead/.test(config.name)) await manager.streams.delete(config.name);
  }
  assert.is(await (await kernel("join").submit("c", "d")).result(), "cd");
  assert.equal((await wray.jobs()).length, 1);
});

test("what is no job goes to the dead letters with the reason, and disturbs nobody", async (t) => {
  const { cluster, kernel, wray } = await start(t, 1);
  const nats = await cluster.nats();
  const malformed: Record<string, [payload: string | Uint8Array, reason: RegExp]> = {
    empty: ["", /malformed JSON/],
    text: ["hello", /malformed JSON/],
    list: ["[1]", /must be a map/],
    binary: [Uint8Array.of(0x81, 0xa1), /malformed MessagePack/],
    "deep-nest": [new Uint8Array(5_000).fill(0x91), /malformed MessagePack/],
    "no-kernel": ['{"args":[]}', /job.kernel must be a string/],
    "no-name": ['{"kernel":"a","args":[]}', /names no kernel/],
    "no-module": ['{"kernel":"nothing/here","args":[]}', /no module/],
    retries: ['{"kernel":"math/add","args":[1,2],"maxRetries":-1}', /job.maxRetries/],
    field: ['{"kernel":"math/add","args":[1,2],"color":"red"}', /unknown field color/],
    "wrong-args": ['{"kernel":"math/add","args":["a",2]}', /math\/add/],
    "other-id": ['{"kernel":"math/add","args":[1,2],"id":"x"}', /its id/],
    values: ['{"kernel":"math/add","values":[1,2]}', /job.values/],
    version: ['{"v":2,"kernel":"math/add","args":[1,2]}', /version 2/],
    "not$a%name": ['{"kernel":"math/add","args":[1,2]}', /not a valid name/],
    large: [`{"kernel":"${"x".repeat(1024 * 1024 - 12)}`, /1048576|1048/],
  };
  for (const [id, [payload]] of Object.entries(malformed)) {
    await nats.request(`wray.v1.default.jobs.${id}`, payload);
  }
  assert.is(await (await kernel("join").submit("a", "b")).result(), "ab");
  const letters = await wray.deadJobs();
  assert.equal(letters.map(({ id }) => id).sort(), Object.keys(malformed).sort());
  for (const { id, reason } of letters) assert.match(reason, malformed[id]![1]);
  assert.is((await wray.job("text").status()).state, "failed");
  await rejects(wray.job("text").result(), "PROTOCOL_ERROR");
  // Nor does what someone else writes among the results.
  await nats.request("$KV.wray-default-results.forged", "hello");
  await rejects(wray.job("forged").result(), "JOB_NOT_FOUND");
  const forged = await kernel("join").options({ id: "forged" }).submit("c", "d");
  assert.is(await forged.result(), "cd");
  assert.is(cluster.hosts[0]!.process.exitCode, null);
});

const seed = Number(process.env.WRAY_SEED ?? 1);
test(
  `200 jobs have one result each, whatever is killed meanwhile (WRAY_SEED=${seed})`,
  async (t) => {
    const random = randomOf(seed);
    const { cluster, kernel } = await start(t, 3);
    const live = [...cluster.hosts];
    const busy = kernel("busy").options({ maxRetries: 100 });
    const names = Array.from({ length: 200 }, (_, index) => `job-${index}`);
    const submitting = names.map((id) => busy.options({ id }).submit(id, random.below(60_000_000)));
    const results = submitting.map(async (job) => (await job).result());
    const done = Promise.all(results);
    for (const untilCount of [10, 40, 80, 120, 160]) {
      await some(results, untilCount);
      if (random.happens(0.4)) {
        await cluster.server.kill();
        await cluster.server.restart();
      } else {
        const [victim] = live.splice(random.below(live.length), 1) as [HostProcess];
        await victim.kill(random.happens(0.7) ? "SIGKILL" : "SIGTERM");
        live.push(await cluster.startHost());
      }
    }
    assert.equal(await done, names);
    const nats = await cluster.nats();
    const manager = await nats.jetstreamManager();
    const { state } = await manager.streams.info("KV_wray-default-results", { subjects_filter: ">" });
    assert.equal(Object.keys(state.subjects!).length, 200);
    assert.ok(Object.values(state.subjects!).every((count) => count === 1));
  },
  { timeoutMs: 120_000 },
);

/** Waits until so many have settled. */
function some(promises: readonly Promise<unknown>[], count: number): Promise<void> {
  let missing = count;
  return new Promise((resolve, reject) => {
    for (const promise of promises) promise.then(() => --missing <= 0 && resolve(), reject);
  });
}
