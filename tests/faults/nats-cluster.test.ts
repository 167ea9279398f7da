import { setTimeout as delay } from "node:timers/promises";
import { connect } from "nats";
import { init } from "wray";
import { type NatsCluster, type NatsServer, startNatsCluster } from "../../scripts/nats/index.ts";
import { compileProbe } from "../api/modules.ts";
import { compileOnce } from "../kernels/asc.ts";
import { startHostProcess } from "../support/cluster.ts";
import { assert, suite, type TestContext } from "../support/index.ts";

const test = suite("NATS cluster faults");
/** On a machine that does nothing else it is about 100 ms; beside other tests, processes have to wait for their turn. */
const longestTaskMs = 900;
/** Three hosts fetch, compile and run two modules each. */
const firstTasksMs = 2_500;
let nats: NatsCluster;
let wasm: string;
let nested: string;

test.before(
  async (t) => {
    [nats, wasm, nested] = await Promise.all([
      startNatsCluster(),
      compileProbe(),
      compileOnce("tests/api/fixtures/nested.ts"),
    ]);
    t.after(() => nats.stop());
  },
  { timeoutMs: 60_000 },
);

/** Hosts of a cluster of the test's own, each at another server, and a client at the first; each is told of one only. */
async function start(t: TestContext, cluster = `c${Math.random().toString(36).slice(2)}`) {
  const [first] = nats.servers;
  const startHost = ({ url }: NatsServer) => startHostProcess(t, url, { cluster });
  const hosts = await Promise.all(nats.servers.map(startHost));
  const wray = await init({ servers: first!.url, cluster });
  t.after(() => wray.shutdown());
  return { cluster, hosts, wray };
}

/** Kills a server, and starts it again after the work. */
async function without(server: NatsServer, work: () => Promise<void>): Promise<void> {
  await server.kill();
  try {
    await work();
  } finally {
    await server.restart();
    await nats.ready();
  }
}

test(
  "streams and buckets have three replicas, also those that could have only one when they were made",
  async (t) => {
    const connection = await connect({ servers: nats.url.split(",") });
    t.after(() => connection.close());
    await connection.jetstream().views.kv("wray-early-names", { replicas: 1 });
    const { cluster } = await start(t, "early");
    const replicas: Record<string, number> = {};
    const manager = await connection.jetstreamManager();
    for await (const { config } of manager.streams.list()) {
      if (config.name.includes(cluster)) replicas[config.name] = config.num_replicas;
    }
    const names = [
      ...["OBJ_*-modules", "KV_*-names", "KV_*-hosts", "*-jobs", "*-dead", "KV_*-results"],
      ...["KV_*-actors", "OBJ_*-states", "*-calls"],
    ];
    assert.equal(
      replicas,
      Object.fromEntries(names.map((name) => [name.replace("*", `wray-${cluster}`), 3])),
    );
  },
  { timeoutMs: 60_000 },
);

test(
  "tasks go on when any server is killed, and none is lost",
  async (t) => {
    const { wray, hosts } = await start(t);
    const probe = await wray.load(wasm);
    const join = probe.kernel("join");
    for (const host of hosts) await wray.get(join.options({ host: host.id }).remote("a", "b"));
    for (const [index, server] of nats.servers.entries()) {
      const stream = startStream(async (number) => {
        assert.is(await wray.get(join.remote("task ", String(number))), `task ${number}`);
      });
      await delay(500);
      await without(server, () => delay(2_000));
      const { count, longestMs } = await stream.stop();
      console.log(`server ${index + 1} killed: ${count} tasks, longest took ${Math.round(longestMs)} ms`);
      assert.ok(longestMs < longestTaskMs, `a task took ${longestMs} ms`);
    }
  },
  { timeoutMs: 120_000 },
);

test(
  "nothing that is new to a host waits for JetStream while that has no leader",
  async (t) => {
    for (const kind of ["modules", "names"] as const) {
      const { cluster, hosts, wray } = await start(t);
      const [probe, tasks] = [await wray.load(wasm), await wray.load(nested)];
      const leader = await leaderOf(
        kind === "modules" ? `OBJ_wray-${cluster}-modules` : `KV_wray-${cluster}-names`,
      );
      await without(leader, async () => {
        const startMs = performance.now();
        // The first task there, one that calls others by the names of their modules, and one with a large result.
        const values = await Promise.all(
          hosts.flatMap(({ id: host }) => [
            wray.get(probe.kernel("join").options({ host }).remote("a", "b")),
            wray.get(tasks.kernel("refs").options({ host }).remote()),
            wray.get(probe.kernel("bytes").options({ host }).remote(3_000_000, 1)) as Promise<Uint8Array>,
          ]),
        );
        const tookMs = performance.now() - startMs;
        console.log(`leader of ${kind} killed: first tasks done after ${Math.round(tookMs)} ms`);
        for (const [index, value] of values.entries()) {
          if (index % 3 === 0) assert.is(value, "ab");
          if (index % 3 === 1) assert.is(value, 4_400);
          if (index % 3 === 2) assert.is((value as Uint8Array).length, 3_000_000);
        }
        assert.ok(tookMs < firstTasksMs, `they took ${tookMs} ms`);
      });
    }
  },
  { timeoutMs: 120_000 },
);

test(
  "jobs have their results at once when three servers keep them",
  async (t) => {
    const { wray } = await start(t);
    const join = (await wray.load(wasm)).kernel("join").options({ durable: true });
    const startMs = performance.now();
    for (let round = 0; round < 5; round++) {
      const results = Array.from({ length: 20 }, async (_, number) =>
        (await join.submit("job ", `${number}`)).result(),
      );
      assert.equal(
        await Promise.all(results),
        results.map((_, number) => `job ${number}`),
      );
    }
    const tookMs = performance.now() - startMs;
    console.log(`100 jobs in ${Math.round(tookMs)} ms`);
    assert.ok(tookMs < 5_000, `they took ${tookMs} ms`);
  },
  { timeoutMs: 60_000 },
);

test(
  "jobs that are submitted while JetStream has no leader are kept and done when it has one",
  async (t) => {
    const { cluster, wray } = await start(t);
    const join = (await wray.load(wasm)).kernel("join").options({ durable: true });
    assert.is(await (await join.submit("a", "b")).result(), "ab");
    for (const stream of [`wray-${cluster}-jobs`, `KV_wray-${cluster}-results`]) {
      await without(await leaderOf(stream), async () => {
        const startMs = performance.now();
        const jobs = await Promise.all(
          Array.from({ length: 20 }, (_, number) => join.submit("job ", `${number}`)),
        );
        const keptMs = performance.now() - startMs;
        assert.equal(
          await Promise.all(jobs.map((job) => job.result())),
          jobs.map((_, number) => `job ${number}`),
        );
        const doneMs = performance.now() - startMs;
        console.log(
          `leader of ${stream} killed: jobs kept after ${Math.round(keptMs)} ms, done after ${Math.round(doneMs)} ms`,
        );
      });
    }
  },
  { timeoutMs: 120_000 },
);

/** The server that leads a stream. */
async function leaderOf(stream: string): Promise<NatsServer> {
  const connection = await connect({ servers: nats.url.split(",") });
  try {
    const { cluster } = await (await connection.jetstreamManager()).streams.info(stream);
    return nats.servers[Number(cluster!.leader!.slice(1)) - 1]!;
  } finally {
    await connection.close();
  }
}

/** Runs tasks, eight at a time, until it is stopped. */
function startStream(run: (number: number) => Promise<void>) {
  let isStopped = false;
  let count = 0;
  let longestMs = 0;
  const lanes = Array.from({ length: 8 }, async () => {
    while (!isStopped) {
      const begunMs = performance.now();
      await run(count++);
      longestMs = Math.max(longestMs, performance.now() - begunMs);
    }
  });
  return {
    async stop() {
      isStopped = true;
      await Promise.all(lanes);
      return { count, longestMs };
    },
  };
}
