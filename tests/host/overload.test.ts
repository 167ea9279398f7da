import { readFileSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { compileOnce } from "../kernels/asc.ts";
import { startCluster } from "../support/cluster.ts";
import { startCommand } from "../support/command.ts";
import { assert, rejects, suite } from "../support/index.ts";

const test = suite("overload");
const mebibyte = 1024 * 1024;

/** What a process has in memory, in bytes. */
const rssOf = (pid: number) =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) * 1024;

test(
  "a host past its memory ends its newest tasks first, those that are not run again last, and all come to their end",
  async (t) => {
    const cluster = await startCluster(t, { hosts: 0 });
    const limitBytes = 520 * mebibyte;
    const host = await cluster.startHost({ cpus: 4, args: ["--memory-limit-bytes", `${limitBytes}`] });
    const wray = await cluster.connect();
    const limits = await wray.load(await compileOnce("tests/api/fixtures/limits.ts"));
    const hold = limits.kernel("holdLong").options({ maxRetries: 100, memoryBytes: 256 * mebibyte });
    // One that is not run again, and so must not be ended for others.
    const precious = hold.options({ maxRetries: 0 }).remote(150, 1_500_000_000);
    await host.printed(/holding 150/);
    const many = Array.from({ length: 3 }, () => hold.remote(151, 700_000_000));
    await host.printed(/it takes no more tasks, and spills objects/);
    await host.printed(/it ended the task that it had begun last/);
    assert.equal(await wray.get([precious, ...many]), [150, 151, 151, 151]);
    assert.is(host.process.exitCode, null);
  },
  { timeoutMs: 90_000 },
);

test("a task that is ended for memory as often as maxRetries allows fails, and says why", async (t) => {
  const cluster = await startCluster(t, { hosts: 0 });
  await cluster.startHost({ cpus: 1, args: ["--memory-limit-bytes", `${200 * mebibyte}`] });
  const wray = await cluster.connect();
  const limits = await wray.load(await compileOnce("tests/api/fixtures/limits.ts"));
  const ref = limits.kernel("holdLong").options({ maxRetries: 1 }).remote(250, 2_000_000_000);
  const error = await rejects(wray.get(ref), "WORKER_CRASHED");
  assert.match(error.message, "the host had no memory left");
  assert.is((error as unknown as { data: { reason: string } }).data.reason, "memory");
  assert.is(wray.stats().tasksRetried, 1);
});

test("what tasks have had of memory is the host's again when they have ended, though nothing else is called", async (t) => {
  const cluster = await startCluster(t, { hosts: 0 });
  const host = await cluster.startHost({ cpus: 2 });
  const wray = await cluster.connect();
  const limits = await wray.load(await compileOnce("tests/api/fixtures/limits.ts"));
  await wray.get(limits.kernel("hold").remote(1));
  const before = rssOf(host.process.pid!);
  const hold = limits.kernel("hold").options({ memoryBytes: 512 * mebibyte });
  assert.equal(await wray.get([hold.remote(300), hold.remote(300)]), [300, 300]);
  while (rssOf(host.process.pid!) - before > 150 * mebibyte) await turn();
});

test("a client that is frozen with results on their way does not make its host grow", async (t) => {
  const cluster = await startCluster(t, { hosts: 1 });
  const [host] = cluster.hosts;
  const wray = await cluster.connect();
  const file = "build/tests/host/slow-client.mjs";
  const module = await compileOnce("tests/api/fixtures/probe.ts");
  const client = startCommand(t, [cluster.server.url, module], { file });
  await client.printed(/begun/);
  const before = rssOf(host!.process.pid!);
  client.process.kill("SIGSTOP");
  // The host has done all that it has of the client when it runs nothing.
  await cluster.heard(({ queued, running }) => queued === 0 && running === 0);
  const grown = rssOf(host!.process.pid!) - before;
  assert.ok(grown < 100 * mebibyte, `${grown} bytes more`);
  // Others are not disturbed.
  const add = await wray.remote("math/add");
  assert.is(await wray.get(add.remote(1, 2)), 3);
  client.process.kill("SIGCONT");
  await client.printed(/all 200000 are right/);
});
