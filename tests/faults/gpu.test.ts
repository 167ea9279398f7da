import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, init, type Kernel } from "wray";
import { wrayCache } from "../../gpu/adapter/cache-folder.ts";
import { gpuSuite } from "../gpu/gpu-suite.ts";
import { compileOnce } from "../kernels/asc.ts";
import { startCluster } from "../support/cluster.ts";
import { assert, rejects } from "../support/index.ts";
import { childrenOf } from "../support/processes.ts";

const test = gpuSuite("faults of a GPU");

type Spin = (rounds: number, x: Uint32Array) => Uint32Array;

/** Takes as long as it is told to, and adds 1. */
const spinOf = (wray: Client): Promise<Kernel<Spin>> =>
  wray.gpuKernel<Spin>("tests/faults/fixtures/spin.wgsl", {
    outputs: { out: "x.length" },
    workgroups: "x.length / 64",
  });

/** The process of the GPU that a process has started. */
async function gpuOf(parent: number): Promise<number> {
  for (;;) {
    const found = childrenOf(parent).find(({ command }) => command.includes("--input-type=commonjs -"));
    if (found !== undefined) return found.pid;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("embedded: tasks that the GPU had when its process was killed are run again", async (t) => {
  const wray = await init({ cpus: 1 });
  t.after(() => wray.shutdown());
  const spin = await spinOf(wray);
  const x = new Uint32Array(10_000);
  await wray.get(spin.remote(1, x));
  let chain = spin.remote(20_000, x);
  for (let i = 0; i < 9; i++) chain = spin.remote(20_000, chain);
  process.kill(await gpuOf(process.pid), "SIGKILL");
  assert.equal(await wray.get(chain), new Uint32Array(10_000).fill(10));
  assert.ok(wray.stats().tasksRetried > 0);
});

test("embedded: what was on the GPU is lost with its process, and is told so", async (t) => {
  const wray = await init({ cpus: 1 });
  t.after(() => wray.shutdown());
  const spin = await spinOf(wray);
  const there = spin.remote(1, new Uint32Array(10_000));
  const read = spin.remote(1, new Uint32Array(10_000));
  await wray.get(read);
  await wray.wait([there]);
  process.kill(await gpuOf(process.pid), "SIGKILL");
  await rejects(wray.get(spin.remote(1, there)), "OBJECT_LOST");
  await rejects(wray.get(there), "OBJECT_LOST");
  // What was fetched before is here.
  assert.is((await wray.get(spin.remote(1, read)))[0], 2);
});

test("over NATS: tasks are run again, and what was lost is made again", async (t) => {
  const cluster = await startCluster(t, { hosts: 0 });
  const host = await cluster.startHost({ gpu: true });
  const wray = await cluster.connect();
  const spin = await spinOf(wray);
  const first = spin.remote(1, new Uint32Array(10_000));
  const second = spin.remote(1, first);
  await wray.wait([second]);
  const pid = await gpuOf(host.process.pid!);
  const running = spin.remote(50_000, second);
  const other = spin.remote(20_000, second);
  process.kill(pid, "SIGKILL");
  assert.is((await wray.get(running))[0], 3);
  assert.is((await wray.get(other))[9_999], 3);
  assert.is((await wray.get(second))[0], 2);
  const { tasksRetried, objectsMadeAgain } = wray.stats();
  assert.ok(tasksRetried + objectsMadeAgain > 0);
});

test("over NATS: when an adapter vanishes, tasks go to another host, or to their other variant", async (t) => {
  // A host whose software adapter is in a folder of the test's own, which goes.
  const cache = await mkdtemp(join(tmpdir(), "wray-test-gpu-"));
  t.after(() => rm(cache, { recursive: true, force: true }));
  await cp(join(wrayCache(process.env), "swiftshader"), join(cache, "wray", "swiftshader"), {
    recursive: true,
  });
  const cluster = await startCluster(t, { hosts: 0 });
  const env = { ...process.env, XDG_CACHE_HOME: cache, VK_DRIVER_FILES: "/none" };
  const first = await cluster.startHost({ gpu: true, env });
  const wray = await cluster.connect();
  const spin = await spinOf(wray);
  const floats = await wray.load(await compileOnce("tests/faults/fixtures/spin.ts"));
  const both = wray.variants({ wasm: floats.kernel("spin") as unknown as Kernel<Spin>, gpu: spin });
  const x = new Uint32Array(5_000).fill(1);
  const there = spin.remote(1, x);
  await wray.wait([there]);

  await rm(join(cache, "wray"), { recursive: true });
  process.kill(await gpuOf(first.process.pid!), "SIGKILL");
  await cluster.heard(
    ({ host, gpu, resources }) => host === first.id && gpu === undefined && resources?.gpu === 0,
  );
  for (let i = 0; i < 6; i++) assert.is((await wray.get(both.remote(1, x)))[0], 2);

  const waiting = spin.remote(1, there);
  const second = await cluster.startHost({ gpu: true });
  assert.equal(await wray.get(waiting), new Uint32Array(5_000).fill(3));
  await cluster.heard(({ host, gpu }) => host === second.id && gpu !== undefined);
  assert.equal(
    wray
      .nodes()
      .map(({ id, gpu }) => [id, gpu !== undefined])
      .sort(),
    [
      [first.id, false],
      [second.id, true],
    ].sort(),
  );
});
