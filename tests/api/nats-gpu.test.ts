import { gpuSuite } from "../gpu/gpu-suite.ts";
import { compileOnce } from "../kernels/asc.ts";
import { startCluster } from "../support/cluster.ts";
import { assert, rejects, suite } from "../support/index.ts";
import { gpuKernelTests } from "./gpu-kernels.ts";
import { apiSuite } from "./suite.ts";

apiSuite(
  "GPU kernels over NATS",
  async (t) => {
    // One of the hosts has none.
    const cluster = await startCluster(t, { hosts: 1 });
    await cluster.startHost({ gpu: true });
    return (options) => cluster.connect(options);
  },
  [gpuKernelTests],
  gpuSuite,
);

const test = suite("variants without a GPU");

test("where no host has a GPU, the other variant runs, and what is for a GPU alone is infeasible", async (t) => {
  const cluster = await startCluster(t, { hosts: 1 });
  const wray = await cluster.connect({ infeasibleAfterMs: 300 });
  const floats = await wray.load(await compileOnce("tests/api/fixtures/floats.ts"));
  const wasm = floats.kernel("saxpy");
  const gpu = await wray.gpuKernel("tests/api/fixtures/shaders/saxpy.wgsl", {
    outputs: { out: "x.length" },
    workgroups: "x.length / 64",
  });
  const args = [2, Float32Array.of(1), Float32Array.of(3)];
  for (let i = 0; i < 5; i++)
    assert.equal(await wray.get(wray.variants({ wasm, gpu }).remote(...args)), Float32Array.of(5));
  const error = await rejects(wray.get(gpu.remote(...args)), "INFEASIBLE_TASK");
  assert.match(error.message, /lacks gpu: 0.0625 needed, 0 there/);
});

gpuSuite("GPU kernels without the library")(
  "a bare NATS client runs a GPU kernel, whichever host it asks",
  async (t) => {
    const cluster = await startCluster(t, { hosts: 2 });
    await cluster.startHost({ gpu: true });
    await cluster.heard(({ gpu }) => gpu !== undefined);
    const nats = await cluster.nats();
    const request = JSON.stringify({ kernel: "tensor/saxpyGpu", args: [2, [1, 2], [3, 4]] });
    for (let i = 0; i < 6; i++) {
      const reply = await nats.request("wray.v1.default.submit", request, { timeout: 20_000 });
      assert.equal((reply.json() as { value: unknown }).value, [5, 8]);
    }
  },
);

gpuSuite("GPU kernels of tasks")("a task that is granted it submits GPU kernels", async (t) => {
  const cluster = await startCluster(t, { hosts: 1 });
  await cluster.startHost({ gpu: true });
  const wray = await cluster.connect();
  const floats = await wray.load(await compileOnce("tests/api/fixtures/floats.ts"));
  const twice = floats.kernel("twiceOnGpu").options({ grant: ["submit", "gpu"] });
  assert.is(await wray.get(twice.remote(3_000)), 2 * ((3_000 * 2_999) / 2));
  const error = await rejects(wray.get(floats.kernel("twiceOnGpu").remote(3)), "INVALID_TASK");
  assert.match(error.message, /gpu/);
});

test("a host that says it has a GPU, and has none, fails what comes for it", async (t) => {
  const cluster = await startCluster(t, { hosts: 0 });
  await cluster.startHost({ args: ["--resource", "gpu=1"] });
  const wray = await cluster.connect();
  const kernel = await wray.remote("tensor/saxpyGpu");
  const ref = kernel.remote(1, Float32Array.of(1), Float32Array.of(1));
  assert.match((await rejects(wray.get(ref), "INFEASIBLE_TASK")).message, /this host offers no GPU/);
});
