import { EventEmitter, once } from "node:events";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { adapterSources, softwareIn } from "../../gpu/adapter/sources.ts";
import {
  type DeviceEvent,
  type GpuBuffer,
  type GpuDevice,
  type OpenGpuOptions,
  readProgram,
} from "../../gpu/index.ts";
import { assert, rejects, type TestContext, throwsCode } from "../support/index.ts";
import { gpuSuite, openDevice } from "./gpu-suite.ts";
import { increment } from "./increment.ts";

const test = gpuSuite("faults");

/** Ends at once when `x[0]` is 1, and never when it is 0. */
const maybeEndless = readProgram(
  "endless.wgsl",
  `@group(0) @binding(0) var<storage, read_write> x: array<u32>;
  @compute @workgroup_size(1) fn main() {
    loop {
      if (x[0] == 1u) { break; }
      x[1] = x[1] + 1u;
    }
  }`,
);

const task = (program: typeof increment, x: Uint32Array) => ({
  buffers: { x },
  steps: [{ program, workgroups: [1] as [number] }],
  results: ["x"],
});
const ending = () => task(maybeEndless, Uint32Array.of(1, 0));
const endless = () => task(maybeEndless, Uint32Array.of(0, 0));

/** A device of which the events can be waited for. */
async function open(t: TestContext, options: OpenGpuOptions = {}) {
  const events = new EventEmitter();
  const onEvent = (event: DeviceEvent) => events.emit(event.type, event);
  const device = await openDevice(t, { ...options, onEvent });
  return { device, event: async (type: DeviceEvent["type"]) => (await once(events, type))[0] as DeviceEvent };
}

async function works(device: GpuDevice): Promise<void> {
  const { results } = device.run(task(increment, Uint32Array.of(1, 2)));
  assert.equal(new Uint32Array((await device.read(results.x!)).buffer), Uint32Array.of(2, 3));
}

test("an endless shader ends with an error soon after its time, and the next task works", async (t) => {
  const { device, event } = await open(t);
  await works(device);
  const kept = device.write(Uint32Array.of(1));
  const restarted = event("restarted");
  const startMs = performance.now();
  const { results, done } = device.run(endless(), { timeoutMs: 200 });
  const behind = device.run(task(increment, Uint32Array.of(1)));
  const { message } = await rejects(done, "TASK_TIMEOUT");
  const ranMs = performance.now() - startMs;
  assert.match(message, "200 ms");
  assert.ok(ranMs >= 200 && ranMs < 2_000, `after ${ranMs} ms`);
  // What came behind it is not to blame, and may be tried again.
  await rejects(behind.done, "WORKER_CRASHED");
  await works(device);
  await restarted;
  for (const buffer of [kept, results.x!]) await rejects(device.read(buffer), "OBJECT_LOST");
});

test("an endless shader is told from tasks that were done at once with it", async (t) => {
  const { device } = await open(t);
  // Both are known to end, so that they share a batch.
  await Promise.all([works(device), device.run(ending()).done]);
  const innocent = device.run(task(increment, Uint32Array.of(1)), { timeoutMs: 60_000 });
  const { done } = device.run(endless(), { timeoutMs: 200 });
  await rejects(done, "TASK_TIMEOUT");
  await rejects(innocent.done, "WORKER_CRASHED");
  await works(device);
  // Now it is doubted, and done alone.
  const before = device.run(task(increment, Uint32Array.of(1)), { timeoutMs: 60_000 });
  await Promise.all([rejects(device.run(endless(), { timeoutMs: 200 }).done, "TASK_TIMEOUT"), before.done]);
});

test("a task whose process is killed fails with an error that says so, and the next one works", async (t) => {
  const { device, event } = await open(t);
  const died = event("died");
  const first = device.run(ending());
  const { done } = device.run(endless());
  const read = rejects(device.read(first.results.x!), "WORKER_CRASHED");
  await first.done;
  process.kill(device.pid!, "SIGKILL");
  const { message } = await rejects(done, "WORKER_CRASHED");
  assert.match(message, "SIGKILL");
  await Promise.all([died, read.catch(() => {})]);
  await works(device);
});

const [software] = adapterSources().filter((source) => source.kind === "software");
const vanishing = "an adapter that vanishes is reported, and tasks hear that there is none";
if (software === undefined) test.skip(vanishing, "the machine has no software adapter");
else {
  test(vanishing, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "wray-adapter-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    await cp(dirname(software.driver), folder, { recursive: true });
    const { device, event } = await open(t, { sources: [softwareIn(folder)!] });
    await works(device);
    await rm(folder, { recursive: true });
    const gone = event("gone");
    const { done } = device.run(endless());
    process.kill(device.pid!, "SIGKILL");
    await rejects(done, "WORKER_CRASHED");
    // One that waits for the restart hears why there is none.
    const waiting = device.run(task(increment, Uint32Array.of(1)));
    assert.match(((await gone) as { reason: string }).reason, "no GPU");
    await rejects(waiting.done, "INFEASIBLE_TASK");
    throwsCode(() => device.run(endless()), "INFEASIBLE_TASK");
  });
}

const mib = 1024 * 1024;

test("memory beyond the limit is an error of that task, and the next one works", async (t) => {
  const { device } = await open(t, { memoryBytes: 64 * mib });
  const large = {
    buffers: { x: { byteLength: 100 * mib } },
    steps: [{ program: increment, workgroups: [1] as [number] }],
  };
  const { results, done } = device.run({ ...large, results: ["x"] });
  const error = await rejects(done, "OUT_OF_MEMORY");
  assert.is((error as unknown as { data: { limitBytes: number } }).data.limitBytes, 64 * mib);
  await rejects(device.read(results.x!), "OUT_OF_MEMORY");
  await rejects(device.read(device.write(new Uint8Array(100 * mib))), "OUT_OF_MEMORY");
  // Nor do many small ones get past it.
  const buffers = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`b${i}`, { byteLength: 8 * mib }]));
  const step = (name: string) => ({ program: increment, workgroups: [1] as [number], buffers: { x: name } });
  const many = device.run({ buffers, steps: Object.keys(buffers).map(step), results: [] });
  await rejects(many.done, "OUT_OF_MEMORY");
  await works(device);
});

test("buffers that don't fit move to host memory and come back as they were", async (t) => {
  const { device } = await open(t, { memoryBytes: 64 * mib });
  const made: GpuBuffer[] = [];
  for (let i = 0; i < 8; i++) {
    const { results, done } = device.run(task(increment, new Uint32Array(4 * mib).fill(i)));
    await done;
    made.push(results.x!);
  }
  const { usedBytes, spilledBytes, limitBytes } = await device.spill();
  assert.ok(usedBytes <= limitBytes, `${usedBytes} of ${limitBytes}`);
  assert.ok(spilledBytes >= 64 * mib, `${spilledBytes} spilled`);
  for (const [i, buffer] of made.entries()) {
    const words = new Uint32Array((await device.read(buffer)).buffer);
    assert.is(words[0], i + 1);
    assert.is(words[4 * mib - 1], i);
    device.free(buffer);
  }
  assert.is((await device.spill()).spilledBytes, 0);
});

test("spill() moves away what it is asked for", async (t) => {
  const { device } = await open(t, { memoryBytes: 64 * mib });
  const buffer = device.write(new Uint8Array(32 * mib).fill(3));
  assert.is((await device.spill()).spilledBytes, 0);
  const { spilledBytes } = await device.spill(48 * mib);
  assert.is(spilledBytes, 32 * mib);
  assert.ok((await device.read(buffer)).every((byte) => byte === 3));
});
