import { init } from "wray";
import { gpuSuite } from "../gpu/gpu-suite.ts";
import { gpuKernelTests } from "./gpu-kernels.ts";
import { apiSuite } from "./suite.ts";

apiSuite(
  "embedded GPU kernels",
  async () => (options) => init({ cpus: 1, ...options }),
  [gpuKernelTests],
  gpuSuite,
);
