import { adapterSources } from "../../gpu/adapter/sources.ts";
import { openDevice as openDawn } from "../../gpu/child/dawn.ts";
import { Session } from "../../gpu/child/session.ts";
import type { FromChild, Operation } from "../../gpu/wire/messages.ts";
import { assert } from "../support/index.ts";
import { gpuSuite } from "./gpu-suite.ts";
import { increment } from "./increment.ts";

const test = gpuSuite("session");

const memoryBytes = 2 ** 28;

test("receive() hands the tasks of a batch to the device by one submit, and makes a pipeline once", async (t) => {
  const setup = { webgpuUrl: import.meta.resolve("webgpu"), sources: adapterSources(), memoryBytes };
  const { device } = await openDawn(setup);
  t.after(() => device.destroy());
  const counts = { submits: 0, pipelines: 0 };
  const submit = device.queue.submit.bind(device.queue);
  device.queue.submit = (buffers) => {
    counts.submits++;
    submit(buffers);
  };
  const create = device.createComputePipelineAsync.bind(device);
  device.createComputePipelineAsync = (descriptor) => {
    counts.pipelines++;
    return create(descriptor);
  };

  let answered: (message: FromChild) => void;
  const send = (message: unknown) => void answered(message as FromChild);
  const session = new Session(device, memoryBytes, { send }, () => {});
  const nothing = () => {};
  const layout = [[{ binding: 0, type: "storage", minBytes: 4 } as const]];
  const named = { entry: "main", constants: {}, layout };
  await session.receive({ kind: "program", id: 1, name: increment.name, wgsl: increment.wgsl }, nothing);
  await session.receive({ kind: "pipeline", id: 2, program: 1, ...named }, nothing);

  const task = (buffer: number): Operation => ({
    kind: "task",
    id: buffer + 1_000,
    made: [[buffer, 64]],
    copied: [],
    steps: [[2, 1, 1, 1, [buffer]]],
    freed: [],
  });
  const run = async (id: number, first: number) => {
    const done = new Promise<FromChild>((resolve) => {
      answered = resolve;
    });
    const operations = Array.from({ length: 10 }, (_, index) => task(first + index));
    await session.receive({ kind: "batch", id, operations }, nothing);
    assert.equal(await done, { kind: "done", id, errors: [] });
  };
  await run(3, 10);
  assert.equal(counts, { submits: 1, pipelines: 1 });
  await run(4, 30);
  assert.equal(counts, { submits: 2, pipelines: 1 });
});
