import { init } from "wray";
import { gpuSuite } from "../gpu/gpu-suite.ts";
import { assert, throwsCode } from "../support/index.ts";
import { gpuKernelTests } from "./gpu-kernels.ts";
import { apiSuite } from "./suite.ts";

apiSuite(
  "embedded GPU kernels",
  async () => (options) => init({ cpus: 1, ...options }),
  [gpuKernelTests],
  gpuSuite,
);

gpuSuite("embedded GPU kernels alone")("options of where and when a task runs are refused", async (t) => {
  const wray = await init({ cpus: 1 });
  t.after(() => wray.shutdown());
  const kernel = await wray.remote("tensor/saxpyGpu");
  const args = [1, Float32Array.of(1), Float32Array.of(1)] as const;
  assert.match(
    throwsCode(() => kernel.options({ ttlMs: 1, key: "a" }).remote(...args), "INVALID_TASK").message,
    /ttlMs, key/,
  );
  assert.match(
    throwsCode(() => kernel.options({ resources: { gpu: 0 } }).remote(...args), "INVALID_TASK").message,
    /asks for none/,
  );
});
