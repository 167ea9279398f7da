import { existsSync, readFileSync } from "node:fs";
import { type GpuBuffer, type GpuDevice, type Program, readProgram } from "../../gpu/index.ts";
import { matmul } from "../../gpu/shaders/index.ts";
import { assert, rejects, throwsCode } from "../support/index.ts";
import { gpuSuite, openDevice } from "./gpu-suite.ts";
import { increment } from "./increment.ts";

const test = gpuSuite("device");
let device: GpuDevice;
test.before(async (t) => {
  device = await openDevice(t);
});

const scale = readProgram(
  "scale.wgsl",
  `struct Params { factor: f32, offset: vec2f }
  override shift: f32 = 0;
  @group(0) @binding(0) var<storage, read> x: array<f32>;
  @group(0) @binding(1) var<storage, read_write> y: array<f32>;
  @group(1) @binding(0) var<uniform> params: Params;
  @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
    if (id.x < arrayLength(&x)) { y[id.x] = x[id.x] * params.factor + params.offset.x + params.offset.y + shift; }
  }`,
);

const scaleTask = (x: GpuBuffer | Float32Array, factor = 2, offset = [0, 0]) => ({
  buffers: { x, y: { byteLength: x.byteLength } },
  steps: [
    {
      program: scale,
      workgroups: [Math.ceil(x.byteLength / 256)] as [number],
      uniforms: { params: { factor, offset } },
    },
  ],
  results: ["y"],
});

const floats = async (buffer: GpuBuffer) => new Float32Array((await device.read(buffer)).buffer);
const words = async (buffer: GpuBuffer) => new Uint32Array((await device.read(buffer)).buffer);

test("adapter tells what it is", () => {
  assert.ok(device.adapter.name.length > 0);
  assert.ok(device.adapter.limits.maxBufferSize! >= 256 * 1024 * 1024);
  assert.type(device.adapter.isSoftware, "boolean");
});

test("run() gives buffers that read() brings back", async () => {
  const { results, done } = device.run(scaleTask(Float32Array.of(1, 2, 3), 2, [10, 0.5]));
  await done;
  assert.is(results.y!.byteLength, 12);
  assert.equal(await floats(results.y!), Float32Array.of(12.5, 14.5, 16.5));
});

test("run() takes the results of a task that is not done yet, 100 in a row", async () => {
  let buffer = device.write(Float32Array.of(1, 2));
  for (let link = 0; link < 100; link++) {
    const { results } = device.run(scaleTask(buffer, link % 2 === 0 ? 2 : 0.5));
    device.free(buffer);
    buffer = results.y!;
  }
  assert.equal(await floats(buffer), Float32Array.of(1, 2));
});

test("run() does several dispatches as one task, and keeps only what are results", async () => {
  const { results } = device.run({
    buffers: { start: Uint32Array.of(5, 6, 7), x: { byteLength: 8 } },
    steps: [
      { program: increment, workgroups: [1], buffers: { x: "start" } },
      { program: increment, workgroups: [1], buffers: { x: "start" } },
      { program: increment, workgroups: [1] },
    ],
    results: ["start", "x"],
  });
  assert.equal(await words(results.start!), Uint32Array.of(7, 8, 9));
  assert.equal(await words(results.x!), Uint32Array.of(1, 1));
});

test("run() leaves a buffer as it is when it works on a copy of it", async () => {
  const buffer = device.write(Uint32Array.of(1, 2, 3));
  const task = {
    buffers: { x: { copyOf: buffer } },
    steps: [{ program: increment, workgroups: [1] as [number] }],
  };
  const { results } = device.run({ ...task, results: ["x"] });
  assert.equal(await words(results.x!), Uint32Array.of(2, 3, 4));
  assert.equal(await words(buffer), Uint32Array.of(1, 2, 3));
});

test("run() specialises by override constants", async () => {
  const task = scaleTask(Float32Array.of(1), 1);
  const shifted = (shift: number) =>
    device.run({ ...task, steps: [{ ...task.steps[0]!, constants: { shift } }] });
  const [a, b] = [shifted(3).results.y!, shifted(4).results.y!];
  assert.equal([...(await floats(a)), ...(await floats(b))], [4, 5]);
});

for (const byteLength of [0, 1, 3, 4, 5, 255, 256, 65_537, 524_288, 524_289, 5_000_001]) {
  test(`write() and read() carry ${byteLength} bytes`, async () => {
    const bytes = Uint8Array.from({ length: byteLength }, (_, i) => (i * 31) ^ (i >> 8));
    const buffer = device.write(bytes);
    assert.equal(await device.read(buffer), bytes);
    device.free(buffer);
  });
}

test("read() fills what it is given, and write() takes shared memory", async () => {
  const shared = new Uint8Array(new SharedArrayBuffer(1_000_000)).fill(9);
  const into = new Uint8Array(new SharedArrayBuffer(1_000_000));
  const buffer = device.write(shared);
  assert.is(await device.read(buffer, into), into);
  assert.ok(into.every((byte) => byte === 9));
});

test("many reads and writes at once are not mixed up", async () => {
  const given = Array.from({ length: 40 }, (_, i) => new Uint8Array(i * 20_011).fill(i + 1));
  const read = await Promise.all(given.map((bytes) => device.read(device.write(bytes))));
  for (const [i, bytes] of given.entries()) assert.ok(Buffer.from(bytes).equals(read[i]!), `the ${i}th`);
});

test("free() makes a buffer unusable", async () => {
  const buffer = device.write(Float32Array.of(1));
  device.free(buffer);
  device.free(buffer);
  await rejects(device.read(buffer), "INVALID_TASK");
  throwsCode(() => device.run(scaleTask(buffer)), "INVALID_TASK");
});

/** Each with what its message must name. */
const refused: [title: string, names: string, task: () => unknown][] = [
  [
    "a uniform is missing",
    "params",
    () => ({ ...scaleTask(Float32Array.of(1)), steps: [{ program: scale, workgroups: [1] }] }),
  ],
  ["a member of a uniform is missing", "params.*offset", () => withParams({ factor: 1 })],
  [
    "a uniform has a member too many",
    "params.*other",
    () => withParams({ factor: 1, offset: [0, 0], other: 1 }),
  ],
  [
    "a vector has too few numbers",
    "params.offset.*vec2f.*2 numbers",
    () => withParams({ factor: 1, offset: [0] }),
  ],
  ["a scalar is no number", "params.factor.*f32", () => withParams({ factor: "1", offset: [0, 0] })],
  [
    "a buffer is missing",
    "no buffer x for x",
    () => ({ ...scaleTask(Float32Array.of(1)), buffers: { y: { byteLength: 4 } } }),
  ],
  [
    "a typed array is of another type",
    "x is array<f32>, given a Float64Array",
    () => scaleTask(new Float64Array(2) as never),
  ],
  [
    "a typed array of words is given for floats",
    "x is array<f32>, given a Uint32Array",
    () => scaleTask(new Uint32Array(2) as never),
  ],
  [
    "a buffer ends within an item",
    "x is array<f32>, of 4 bytes each, given 6",
    () => scaleTask(new Uint8Array(6) as never),
  ],
  [
    "a buffer that never changes is written to",
    "x is written to",
    () => ({
      buffers: { x: device.write(Uint32Array.of(1)) },
      steps: [{ program: increment, workgroups: [1] }],
      results: [],
    }),
  ],
  [
    "a buffer is read and written to at once",
    "x and y are the same buffer",
    () => ({
      ...scaleTask(Float32Array.of(1)),
      steps: [{ ...scaleTask(Float32Array.of(1)).steps[0], buffers: { x: "y" } }],
    }),
  ],
  ["a result is no buffer of the task", "z", () => ({ ...scaleTask(Float32Array.of(1)), results: ["z"] })],
  [
    "there are too many workgroups",
    "65535",
    () => ({
      ...scaleTask(Float32Array.of(1)),
      steps: [{ ...scaleTask(Float32Array.of(1)).steps[0], workgroups: [65_536] }],
    }),
  ],
  [
    "a constant is unknown",
    "constant nothing",
    () => ({
      ...scaleTask(Float32Array.of(1)),
      steps: [{ ...scaleTask(Float32Array.of(1)).steps[0], constants: { nothing: 1 } }],
    }),
  ],
  [
    "an entry point is unknown",
    "main.*other",
    () => ({
      ...scaleTask(Float32Array.of(1)),
      steps: [{ ...scaleTask(Float32Array.of(1)).steps[0], entry: "other" }],
    }),
  ],
  [
    "a buffer is larger than any",
    "x.*bytes",
    () => ({
      ...scaleTask(Float32Array.of(1)),
      buffers: { x: { byteLength: 2 ** 40 }, y: { byteLength: 4 } },
    }),
  ],
];
const withParams = (params: object) => {
  const task = scaleTask(Float32Array.of(1));
  return { ...task, steps: [{ ...task.steps[0]!, uniforms: { params } }] };
};
for (const [title, names, task] of refused) {
  test(`run() refuses a task when ${title}`, () => {
    const { message } = throwsCode(() => device.run(task() as never), "INVALID_TASK");
    assert.match(message, new RegExp(names));
  });
}

const broken =
  "@group(0) @binding(0) var<storage, read_write> x: array<u32>;\n@compute @workgroup_size(1) fn main() {\n  x[0] = 1.5;\n}\n";

test("compile() tells where WGSL is wrong, with the line", async () => {
  const error = await rejects(device.compile("broken.wgsl", broken), "MODULE_REJECTED");
  assert.match(error.message, /^broken\.wgsl:3:\d+: /);
  assert.match(error.message, "x[0] = 1.5;");
  const { line, column } = (error as unknown as { data: { line: number; column: number } }).data;
  assert.is(line, 3);
  assert.ok(column > 0);
});

test("compile() tells where WGSL breaks off", async () => {
  const error = await rejects(device.compile("open.wgsl", "fn main( {\n"), "MODULE_REJECTED");
  assert.match(error.message, /^open\.wgsl:1:\d+: /);
});

test("compile() gives a program with what its text declares", async () => {
  const program: Program = await device.compile("scale.wgsl", scale.wgsl);
  assert.equal(program, scale);
});

test("of very many programs, those that are used again after a long time work as the others do", async () => {
  const program = (index: number) =>
    readProgram(
      "many.wgsl",
      `@group(0) @binding(0) var<storage, read_write> x: array<u32, 1>;
      @compute @workgroup_size(1) fn main() { x[0] = ${index}u; }`,
    );
  const run = (index: number) =>
    device.run({
      buffers: { x: { byteLength: 4 } },
      steps: [{ program: program(index), workgroups: [1] }],
      results: ["x"],
    }).results.x!;
  const buffers = Array.from({ length: 300 }, (_, index) => run(index));
  buffers.push(run(0), run(299));
  const values = await Promise.all(buffers.map(async (buffer) => (await words(buffer))[0]));
  assert.equal(values, [...Array.from({ length: 300 }, (_, index) => index), 0, 299]);
});

test("run() fails with the place in the WGSL, as does what would use its results, and the next task works", async () => {
  const program = readProgram("broken.wgsl", broken);
  const task = {
    buffers: { x: { byteLength: 4 } },
    steps: [{ program, workgroups: [1] as [number] }],
    results: ["x"],
  };
  const { results, done } = device.run(task);
  const next = device.run(scaleTask(results.x!));
  const { message } = await rejects(done, "MODULE_REJECTED");
  assert.match(message, /^broken\.wgsl:3:\d+: /);
  await rejects(next.done, "MODULE_REJECTED");
  await rejects(device.read(next.results.y!), "MODULE_REJECTED");
  assert.equal(await floats(device.run(scaleTask(Float32Array.of(4))).results.y!), Float32Array.of(8));
});

test("a task that the device refuses fails alone among those that are submitted with it", async () => {
  const wide = readProgram(
    "wide.wgsl",
    "override size: u32 = 64;\n@group(0) @binding(0) var<storage, read_write> x: array<u32>;\n@compute @workgroup_size(size) fn main() { x[0] = size; }",
  );
  const before = device.run(scaleTask(Float32Array.of(1)));
  const steps = [{ program: wide, workgroups: [1] as [number], constants: { size: 100_000 } }];
  const { done } = device.run({ buffers: { x: { byteLength: 4 } }, steps, results: [] });
  const after = device.run(scaleTask(Float32Array.of(2)));
  await rejects(done, "INVALID_TASK");
  await Promise.all([before.done, after.done]);
});

test("the process sleeps while the device works", async () => {
  const { pid } = device;
  if (!existsSync(`/proc/${pid}/task/${pid}/stat`)) return;
  const [size, startMs, startCpuMs] = [640, performance.now(), mainThreadMs(pid!)];
  const factor = device.write(new Float32Array(size * size));
  await Promise.all(
    [1, 2, 3].map(() => device.run(matmul("register", { m: size, k: size, n: size }, factor, factor)).done),
  );
  device.free(factor);
  // Dawn by itself would look all the time.
  const part = (mainThreadMs(pid!) - startCpuMs) / (performance.now() - startMs);
  if (device.adapter.isSoftware) assert.ok(part < 0.5, `${part.toFixed(2)} of a cpu`);
});

/** What the thread with the event loop has had of a cpu. */
function mainThreadMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/task/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  const ticksPerSecond = 100;
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1_000;
}

test("close() fails what is under way", async (t) => {
  const other = await openDevice(t);
  const { done } = other.run(scaleTask(Float32Array.of(1)));
  const read = rejects(other.read(other.write(Float32Array.of(1))), "SHUTDOWN");
  await other.close();
  await rejects(done, "SHUTDOWN");
  await read;
  throwsCode(() => other.run(scaleTask(Float32Array.of(1))), "SHUTDOWN");
});
