// The main job on a cluster of this machine: a nats-server, three host processes, a logistic regression; by tasks, or with a
// parameter server. Then a network on the GPU of one of the hosts, if there is one.
//
//   npm run demo [-- --iterations 200] [--parameter-server] [--no-gpu]
import { parseArgs } from "node:util";
import { init } from "wray";
import { countRows, loadDigits } from "../examples/digits/data.ts";
import { setUpGpu } from "../gpu/index.ts";
import type { Belongings } from "./belongings.ts";
import { trainByServer } from "./demo/by-server.ts";
import { trainByTasks } from "./demo/by-tasks.ts";
import { compileKernel } from "./demo/compile-kernel.ts";
import type { Job } from "./demo/job.ts";
import { readOnGpu } from "./demo/on-gpu.ts";
import { startHost } from "./hosts.ts";
import { findNatsServer, startNatsServer } from "./nats/index.ts";
import { runProgram } from "./run-program.ts";

const HOST_COUNT = 3;
const WANTED_ACCURACY = 0.9;
const MODULE = "build/logistic.wasm";
const BATCHES = "build/batches.wasm";
const SOURCES = {
  [MODULE]: "examples/digits/kernels/logistic.ts",
  [BATCHES]: "examples/digits/kernels/batches.ts",
};
/** In so many batches the network on the GPU gets its images. */
const BATCH_COUNT = 90;

type Demo = { train(job: Job): Promise<number>; shardCount: number; iterations: number };
const byTasks: Demo = { train: trainByTasks, shardCount: 6, iterations: 200 };
/** Many small steps, for which it goes over the images less often. */
const byServer: Demo = { train: trainByServer, shardCount: 90, iterations: 10 };

/** Runs the job and returns the lowest accuracy that it reached. */
async function demo(
  belongings: Belongings,
  { train, shardCount, iterations }: Demo,
  wantsGpu: boolean,
): Promise<number> {
  const gpu = wantsGpu ? await setUpGpu({ onProgress: (line) => say("gpu", line) }) : undefined;
  const [servers, digits] = await Promise.all([
    startCluster(belongings, gpu?.isReady === true),
    loadDigits({ shardCount }),
    belongings.start(compileKernels, () => {}),
  ]);
  const rowCount = digits.shards.map(countRows).reduce((sum, count) => sum + count);
  say("digits", `${rowCount} images in ${shardCount} shards, ${countRows(digits.heldOut)} held out`);

  const wray = await belongings.start(
    () => init({ servers }),
    (wray) => wray.shutdown(),
  );
  const add = await wray.remote("math/add");
  await wray.get(add.remote(1, 2));
  say("started", `first task after ${Math.round(performance.now())} ms`);
  const accuracy = await train({ wray, digits, module: MODULE, iterations, belongings });
  if (gpu === undefined) return accuracy;
  if (!gpu.isReady) {
    say("gpu", `none, and so no network: ${gpu.reasons.join("; ")}`);
    return accuracy;
  }
  const batches = await loadDigits({ shardCount: BATCH_COUNT });
  return Math.min(accuracy, await readOnGpu(wray, batches, { module: BATCHES, belongings }));
}

async function compileKernels(): Promise<void> {
  for (const [module, source] of Object.entries(SOURCES)) {
    await compileKernel(source, module);
    say("kernels", `asc ${source} -o ${module}`);
  }
}

/** Starts a server and its hosts, and returns the server's address. */
async function startCluster(belongings: Belongings, hasGpu: boolean): Promise<string> {
  const executable = await findNatsServer({ onProgress: (line) => say("server", line) });
  const { url } = await belongings.start(
    () => startNatsServer({ executable }),
    (server) => server.stop(),
  );
  say("server", `${executable} at ${url}`);
  const starts = Array.from({ length: HOST_COUNT }, (_, index) =>
    belongings.start(
      () => startHost({ servers: url, cpus: 1, gpu: hasGpu && index === 0 }),
      (host) => host.stop(),
    ),
  );
  const hosts = await Promise.all(starts);
  say("hosts", hosts.map((host) => host.id).join(", "));
  return url;
}

const say = (what: string, text: string) => console.log(`${what.padEnd(8)}  ${text}`);

const { values } = parseArgs({
  options: {
    iterations: { type: "string" },
    "parameter-server": { type: "boolean", default: false },
    "no-gpu": { type: "boolean", default: false },
  },
});
const chosen = values["parameter-server"] ? byServer : byTasks;
const iterations = Number(values.iterations ?? chosen.iterations);
if (!Number.isInteger(iterations) || iterations < 1) {
  throw new RangeError(`--iterations must be an integer from 1, but is ${values.iterations}`);
}

await runProgram(
  async (belongings) => {
    const wantsGpu = !values["no-gpu"] && chosen === byTasks;
    if ((await demo(belongings, { ...chosen, iterations }, wantsGpu)) >= WANTED_ACCURACY) return 0;
    console.error(`failed: the accuracy is below ${100 * WANTED_ACCURACY} %`);
    return 1;
  },
  () => say("stopped", `after ${(performance.now() / 1000).toFixed(1)} s in all`),
);
