import { adapterSources } from "../../gpu/adapter/sources.ts";
import { Buffers } from "../../gpu/child/buffers.ts";
import { openDevice as openDawn } from "../../gpu/child/dawn.ts";
import { DeviceMemory } from "../../gpu/child/memory.ts";
import { Readback } from "../../gpu/child/readback.ts";
import { Recorder } from "../../gpu/child/recorder.ts";
import { type GpuBuffer, type GpuDevice, readProgram } from "../../gpu/index.ts";
import { assert } from "../support/index.ts";
import { gpuSuite, openDevice } from "./gpu-suite.ts";

const test = gpuSuite("isolation");
let device: GpuDevice;
test.before(async (t) => {
  device = await openDevice(t);
});

const secret = 0x5ec2e7;
const count = 4_096;
const secrets = () => new Uint32Array(count).fill(secret);
const countIn = (words: Uint32Array) => words.filter((word) => word === secret).length;
const words = async (buffer: GpuBuffer) => new Uint32Array((await device.read(buffer)).buffer);

/** Does nothing to what it is given. */
const idle = readProgram(
  "idle.wgsl",
  `@group(0) @binding(0) var<storage, read_write> x: array<u32>;
  @compute @workgroup_size(1) fn main() { if (arrayLength(&x) == 0u) { x[0] = 1u; } }`,
);

test("what a task had is not in the memory of the next one", async () => {
  const untouched = () => {
    const steps = [{ program: idle, workgroups: [1] as [number] }];
    return device.run({ buffers: { x: { byteLength: count * 4 } }, steps, results: ["x"] }).results.x!;
  };
  for (let round = 0; round < 20; round++) {
    device.free(device.write(secrets()));
    const [first, second] = [untouched(), untouched()];
    assert.is(countIn(await words(first)) + countIn(await words(second)), 0);
    device.free(first);
    device.free(second);
  }
});

test("control: without zeroing it would be there", async (t) => {
  class Careless extends Recorder {
    override zero(): void {}
  }
  const setup = { webgpuUrl: import.meta.resolve("webgpu"), sources: adapterSources(), memoryBytes: 2 ** 28 };
  const dawn = (await openDawn(setup)).device;
  t.after(() => dawn.destroy());
  for (const [RecorderClass, expected] of [
    [Careless, count],
    [Recorder, 0],
  ] as const) {
    const memory = new DeviceMemory(dawn, 2 ** 28);
    const recorder = new RecorderClass(dawn, memory, () => {});
    const readback = new Readback(dawn, memory, recorder);
    const buffers = new Buffers(dawn, memory, recorder, readback);
    const planted = await buffers.make(1, count * 4, true);
    dawn.queue.writeBuffer(planted.block.buffer, 0, secrets());
    buffers.free(1);
    recorder.submit();
    const part = await buffers.make(2, count * 4);
    assert.is(part.block, planted.block);
    const seen = new Uint8Array(count * 4);
    await readback.read(part, (piece, at) => void seen.set(piece, at));
    assert.is(countIn(new Uint32Array(seen.buffer)), expected);
  }
});

/** Reads at `start + i * step`, and writes there, far beyond what it is given. */
const reach = readProgram(
  "reach.wgsl",
  `struct Params { start: i32, step: i32, value: u32 }
  @group(0) @binding(0) var<uniform> params: Params;
  @group(0) @binding(1) var<storage, read> from: array<u32>;
  @group(0) @binding(2) var<storage, read_write> x: array<u32>;
  @group(0) @binding(3) var<storage, read_write> seen: array<u32>;
  @compute @workgroup_size(64) fn look(@builtin(global_invocation_id) id: vec3u) {
    let at = params.start + i32(id.x) * params.step;
    seen[2u * id.x] = from[at];
    seen[2u * id.x + 1u] = x[at];
  }
  @compute @workgroup_size(64) fn spoil(@builtin(global_invocation_id) id: vec3u) {
    x[params.start + i32(id.x) * params.step] = params.value;
  }`.replaceAll("from", "given"),
);

const invocations = 8_192;
const places = [
  [0, 1],
  [64, 1],
  [0, 64],
  [0, 4_096],
  [-8_192, 1],
  [-(2 ** 20), 128],
  [2 ** 28, 1],
  [-(2 ** 31), 1],
] as const;

function lookFrom(given: GpuBuffer | { byteLength: number }, [start, step]: readonly [number, number]) {
  return device.run({
    buffers: { given, x: { byteLength: 256 }, seen: { byteLength: invocations * 8 } },
    steps: [
      {
        program: reach,
        entry: "look",
        workgroups: [invocations / 64],
        uniforms: { params: { start, step, value: 0 } },
      },
    ],
    results: ["seen"],
  }).results.seen!;
}

test("reads out of bounds see nothing of other buffers", async () => {
  const neighbours = Array.from({ length: 8 }, () => device.write(secrets()));
  for (const place of places) assert.is(countIn(await words(lookFrom({ byteLength: 256 }, place))), 0);
  // The control: what it may read, it finds.
  assert.ok(countIn(await words(lookFrom(neighbours[0]!, [0, 1]))) >= count);
  for (const buffer of neighbours) device.free(buffer);
});

test("writes out of bounds change nothing of other buffers", async () => {
  const neighbours = Array.from({ length: 8 }, () => device.write(secrets()));
  const params = (start: number, step: number) => ({ params: { start, step, value: 1 } });
  for (const [start, step] of places) {
    const { done } = device.run({
      buffers: { x: { byteLength: 256 } },
      steps: [
        { program: reach, entry: "spoil", workgroups: [invocations / 64], uniforms: params(start, step) },
      ],
      results: [],
    });
    await done;
  }
  for (const buffer of neighbours) assert.is(countIn(await words(buffer)), count);
  // The control: what it may write, it does.
  const { results } = device.run({
    buffers: { x: { copyOf: neighbours[0]! } },
    steps: [{ program: reach, entry: "spoil", workgroups: [invocations / 64], uniforms: params(0, 1) }],
    results: ["x"],
  });
  assert.is(countIn(await words(results.x!)), 0);
});
