import { gpuSuite } from "../gpu/gpu-suite.ts";
import { startCluster } from "../support/cluster.ts";
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
