import { cutBatches, mostTasksPerBatch } from "../../gpu/device/batches.ts";
import { Watchdog } from "../../gpu/device/watchdog.ts";
import { readProgram } from "../../gpu/index.ts";
import { layUniform, type UniformValue } from "../../gpu/programs/uniform.ts";
import type { Operation } from "../../gpu/wire/messages.ts";
import { leastBytes, nameOf } from "../../scheduler/wgsl/shape.ts";
import { assert, suite, throwsCode } from "../support/index.ts";

const test = suite("GPU programs");

const wgsl = `
override tile: u32 = 16;
override factor: f32;
struct Inner { weight: f32, place: vec3f }
struct Params { n: u32, offset: vec3f, last: f32, turn: mat2x3<f32>, list: array<Inner, 2>, signed: i32 }
struct Log { head: atomic<u32>, tail: array<vec2u> }
@group(1) @binding(2) var<uniform> params: Params;
@group(0) @binding(3) var<storage, read> x: array<vec4f>;
@group(0) @binding(0) var<storage, read_write> log: Log;
@group(0) @binding(1) var<storage, read> unused: array<u32>;
fn helper() -> f32 { return params.last * factor; }
@compute @workgroup_size(tile, 2) fn main() { atomicAdd(&log.head, u32(helper())); log.tail[0].x = u32(x[0].x); }
@compute @workgroup_size(8) fn other() { log.tail[1].y = unused[0]; }
`;

test("readProgram() reads what each entry point uses, through functions, too, by place", () => {
  const { entries, constants } = readProgram("a.wgsl", wgsl);
  assert.equal([...entries.keys()], ["main", "other"]);
  const { bindings, workgroupSize } = entries.get("main")!;
  assert.equal(
    bindings.map(({ name, group, binding, access }) => [name, group, binding, access]),
    [
      ["log", 0, 0, "read_write"],
      ["x", 0, 3, "read"],
      ["params", 1, 2, "uniform"],
    ],
  );
  assert.equal(
    bindings.map(({ shape }) => nameOf(shape)),
    ["Log", "array<vec4f>", "Params"],
  );
  assert.equal(
    bindings.map(({ shape }) => leastBytes(shape)),
    [16, 16, 144],
  );
  assert.equal(workgroupSize, [16, 2, 1]);
  assert.equal(
    entries.get("other")!.bindings.map(({ name }) => name),
    ["log", "unused"],
  );
  assert.equal(Object.fromEntries(constants), {
    tile: { type: "u32", isRequired: false },
    factor: { type: "f32", isRequired: true },
  });
});

for (const [title, text, message] of [
  ["has no entry point", "fn f() {}", "no @compute entry point"],
  ["can't be parsed", "fn f() {}\nfn g( {", "a.wgsl:2: .*\n  fn g( {"],
  [
    "binds a texture",
    "@group(0) @binding(0) var t: texture_2d<f32>; @compute @workgroup_size(1) fn main() { _ = textureDimensions(t); }",
    "t: only buffers",
  ],
] as const) {
  test(`readProgram() refuses a text that ${title}`, () => {
    const error = throwsCode(() => readProgram("a.wgsl", text), "MODULE_REJECTED");
    assert.match(error.message, new RegExp(message.replace("(", "\\(")));
  });
}

const params = {
  n: 7,
  offset: [1, 2, 3],
  last: 4,
  turn: [1, 2, 3, 4, 5, 6],
  list: [
    { weight: 8, place: [9, 10, 11] },
    { weight: 12, place: Float32Array.of(13, 14, 15) },
  ],
  signed: -1,
};

test("layUniform() puts each member where WGSL has it", () => {
  const { shape } = readProgram("a.wgsl", wgsl).entries.get("main")!.bindings[2]!;
  const words = Uint32Array.from(layUniform("params", shape, params));
  const floats = new Float32Array(words.buffer);
  assert.is(words.length, 36);
  assert.is(words[0], 7);
  assert.equal([...floats.slice(4, 8)], [1, 2, 3, 4]);
  // Columns of three begin 16 bytes apart.
  assert.equal([...floats.slice(8, 16)], [1, 2, 3, 0, 4, 5, 6, 0]);
  assert.equal([...floats.slice(16, 24)], [8, 0, 0, 0, 9, 10, 11, 0]);
  assert.equal([...floats.slice(24, 32)], [12, 0, 0, 0, 13, 14, 15, 0]);
  assert.is(words[32], 0xffff_ffff);
});

for (const [title, change, message] of [
  ["a number is no integer", { n: 1.5 }, "params.n is u32, given 1.5"],
  ["a number is negative for u32", { n: -1 }, "params.n is u32, given -1"],
  ["a number is too large", { signed: 2 ** 31 }, "params.signed is i32"],
  [
    "a matrix lacks numbers",
    { turn: [1, 2] },
    "params.turn is mat2x3<f32>, which takes 6 numbers, given 2 values",
  ],
  ["an array lacks items", { list: [] }, "params.list is array<Inner, 2>, given 0 values"],
  [
    "an item lacks a member",
    { list: [{ weight: 1 }, { weight: 1 }] },
    "params.list[0] is Inner, whose member place",
  ],
] as [string, Record<string, UniformValue>, string][]) {
  test(`layUniform() refuses values when ${title}`, () => {
    const { shape } = readProgram("a.wgsl", wgsl).entries.get("main")!.bindings[2]!;
    const error = throwsCode(() => layUniform("params", shape, { ...params, ...change }), "INVALID_TASK");
    assert.ok(error.message.includes(message), error.message);
  });
}

const task = (id: number, pipeline: number): Operation => ({
  kind: "task",
  id,
  made: [],
  copied: [],
  steps: [[pipeline, 1, 1, 1, []]],
  freed: [],
});
const free = (buffer: number): Operation => ({ kind: "free", buffer });
const idsOf = (batches: Operation[][]) =>
  batches.map((batch) => batch.map((each) => (each.kind === "free" ? `free ${each.buffer}` : each.id)));

test("cutBatches() puts known tasks together and unknown ones alone, in order and with what follows each", () => {
  const operations = [
    task(1, 10),
    task(2, 10),
    free(5),
    task(3, 99),
    free(6),
    task(4, 10),
    task(5, 98),
    task(6, 98),
  ];
  const batches = cutBatches(operations, (pipeline) => pipeline === 10);
  assert.equal(idsOf(batches), [[1, 2, "free 5"], [3, "free 6"], [4], [5], [6]]);
});

test("cutBatches() takes so many tasks at most", () => {
  const operations = Array.from({ length: mostTasksPerBatch * 2 + 1 }, (_, id) => task(id, 10));
  assert.equal(
    cutBatches(operations, () => true).map(({ length }) => length),
    [mostTasksPerBatch, mostTasksPerBatch, 1],
  );
});

test("a Watchdog counts the time of a batch from when the one before has ended", () => {
  const watchdog = new Watchdog<string>();
  assert.is(watchdog.due, undefined);
  watchdog.sent(1, "a", 100, 1_000);
  watchdog.sent(2, "b", 50, 1_010);
  assert.equal(watchdog.due, { batch: "a", startMs: 1_000, dueMs: 1_100 });
  assert.is(watchdog.done(1, 1_080), "a");
  assert.equal(watchdog.due, { batch: "b", startMs: 1_080, dueMs: 1_130 });
  watchdog.done(2, 1_090);
  // One that comes later begins when it is sent.
  watchdog.sent(3, "c", 10, 2_000);
  assert.equal(watchdog.due, { batch: "c", startMs: 2_000, dueMs: 2_010 });
  assert.equal(watchdog.clear(), ["c"]);
  assert.is(watchdog.due, undefined);
});
