import { type InitOptions, init } from "wray";
import { compileOnce } from "../kernels/asc.ts";
import { assert, rejects, throwsCode } from "../support/index.ts";
import { assertApart } from "./scheduling.ts";
import { apiSuite, clientTests } from "./suite.ts";

const { test, api } = apiSuite(
  "embedded",
  async () => (options) => init({ cpus: 1, ...options }),
  clientTests,
);

test("init() rejects unknown options and values out of range", async () => {
  for (const options of [
    { server: "nats://127.0.0.1" },
    { cluster: "a.b" },
    { cpus: 0 },
    { cpus: 1.5 },
    { cpus: "2" },
    { infeasibleAfterMs: -1 },
    { resources: { gpu: -1 } },
    { labels: { zone: 1 } },
    { servers: "nats://127.0.0.1:1", cpus: 1 },
  ]) {
    await rejects(init(options as InitOptions), "INVALID_TASK");
  }
});

test("init() gives the host what tasks may ask for, and no more at once than it has", async (t) => {
  const wray = await init({ cpus: 2, resources: { gpu: 1.5 }, labels: { zone: "moon" } });
  t.after(() => wray.shutdown());
  const { resources, labels } = wray.nodes()[0]!;
  assert.equal([resources.cpu, resources.gpu, labels], [2, 1.5, { zone: "moon" }]);
  const clock = await wray.load(await compileOnce("tests/api/fixtures/clock.ts"));
  const readings = clock.kernel("readings").options({
    ...{ grant: ["clock"], labels: { zone: "moon" } },
    resources: { cpu: 0.5, gpu: 1 },
  });
  const spans = await wray.get(Array.from({ length: 10 }, () => readings.remote(2_000)));
  assertApart(spans as Float64Array[]);
  const whole = clock.kernel("readings").options({ grant: ["clock"], resources: { cpu: 2 } });
  assertApart((await wray.get([1, 2, 3].map(() => whole.remote(2_000)))) as Float64Array[]);
});

test("getSync() blocks for a task with options, and its deadline ends that", async (t) => {
  const wray = await init({ cpus: 1 });
  t.after(() => wray.shutdown());
  const add = (await wray.remote("math/add")).options({ priority: 1, key: "sum" });
  assert.is(wray.getSync(add.remote(wray.getSync(add.remote(1, 2)), 3)), 6);
  const { files } = api();
  const spin = (await wray.load(files.probe)).kernel("spin").options({ deadlineMs: 100 });
  throwsCode(() => wray.getSync(spin.remote()), "TASK_TIMEOUT");
});
