import { prepareModule } from "../../../host/wasm/prepare.ts";
import { unsigned } from "../../../scheduler/wasm/leb128.ts";
import { assert, suite, throwsCode } from "../../support/index.ts";
import { assemble } from "./assemble.ts";
import { defaultOptions, instantiate } from "./prepared.ts";

const test = suite("prepareModule");

const prepare = (text: string, options = {}) =>
  prepareModule(assemble(text), { ...defaultOptions, ...options });
const refusal = (text: string, options = {}) =>
  throwsCode(() => prepare(text, { source: "x.wasm", ...options }), "MODULE_REJECTED").message;

test("its memory becomes the host's, with the maximum that the host sets", () => {
  const text = `(module (memory (export "memory") 2 50) (data (i32.const 4) "\\2a")
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "load") (result i32) (i32.load (i32.const 4))))`;
  const { preparation, functions, exports, memory } = instantiate(assemble(text), { maximumPages: 5 });
  assert.equal(preparation.memory, { initialPages: 2, maximumPages: 50, isShared: false });
  assert.is(exports.memory, memory);
  assert.is(functions.load!(), 42);
  assert.is(functions.grow!(3), 2);
  assert.is(functions.grow!(1), -1);
});

test("a shared memory keeps its maximum, and a module without memory gets none", () => {
  assert.equal(prepare("(module (memory 1 7 shared))").memory, {
    initialPages: 1,
    maximumPages: 7,
    isShared: true,
  });
  assert.is(prepare("(module)").memory, undefined);
});

for (const preempt of [true, false]) {
  test(`it tells that memory ran out when memory.grow failed, with preempt: ${preempt}`, () => {
    const { functions, exports } = instantiate(
      assemble(
        `(module (memory 1) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`,
      ),
      { preempt, maximumPages: 3 },
    );
    const outOfMemory = exports.__wray_out_of_memory as WebAssembly.Global;
    assert.is(functions.grow!(2), 1);
    assert.is(outOfMemory.value, 0);
    assert.is(functions.grow!(1), -1);
    assert.is(outOfMemory.value, 1);
    functions.__wray_restore!(0, 3);
    assert.is(outOfMemory.value, 0);
    assert.is(functions.grow!(0), 3);
    assert.is(outOfMemory.value, 0);
  });
}

test("__wray_restore() puts globals of every type back to what they were at __wray_keep(), bit by bit", () => {
  const { functions } = instantiate(
    assemble(`(module (global i32 (i32.const 1)) (global $a (mut i64) (i64.const 2))
      (global $b (mut funcref) (ref.null func)) (global $c (mut f32) (f32.const nan:0x200001))
      (global $d (mut v128) (v128.const i64x2 3 4)) (global $e (mut f64) (f64.const -0)) (global $f (mut i32) (i32.const 0))
      (elem declare func $set) (start $start)
      (func $start (global.set $f (i32.const 9)))
      (func $set (export "set") (global.set $a (i64.const 9)) (global.set $b (ref.func $set))
        (global.set $c (f32.const nan:0x400000)) (global.set $d (v128.const i64x2 3 5)) (global.set $e (f64.const 0))
        (global.set $f (i32.const 0)))
      (func (export "get") (result i64 i32 i32 i64 i64 i32) (global.get $a) (ref.is_null (global.get $b))
        (i32.reinterpret_f32 (global.get $c)) (i64x2.extract_lane 1 (global.get $d)) (i64.reinterpret_f64 (global.get $e))
        (global.get $f)))`),
  );
  const first = functions.get!();
  assert.equal(first, [2n, 1, 0x7fa00001, 4n, -(2n ** 63n), 9]);
  functions.__wray_keep!();
  functions.set!();
  assert.equal(functions.get!(), [9n, 0, 0x7fc00000, 5n, 0n, 0]);
  assert.is(functions.__wray_restore!(0, 0), 1);
  assert.equal(functions.get!(), first);
});

test("__wray_restore() zeroes every byte from an address on, and none before", () => {
  for (const pages of [1, 2]) {
    const { functions, memory } = instantiate(assemble(`(module (memory ${pages}))`));
    const bytes = new Uint8Array(memory!.buffer);
    for (const from of [0, 256, 4_096, bytes.length - 256, bytes.length]) {
      bytes.fill(77);
      assert.is(functions.__wray_restore!(from, pages), 1);
      assert.ok(bytes.every((byte, address) => byte === (address < from ? 77 : 0)));
    }
    // One bit anywhere in a block is seen.
    for (let at = 512; at < 768; at++) {
      bytes[at] = 1 << (at & 7);
      functions.__wray_restore!(256, pages);
      assert.is(bytes[at], 0);
    }
  }
});

test("__wray_next_used() finds the next block of memory in which a bit is set, of a module with actors", () => {
  assert.not("__wray_next_used" in instantiate(assemble("(module (memory 1))")).functions);
  const { functions, memory } = instantiate(assemble("(module (memory 2))"), { hasActors: true });
  const bytes = new Uint8Array(memory!.buffer);
  const end = bytes.length;
  const next = (from: number, to = end) => functions.__wray_next_used!(from, to);
  assert.is(next(0), end);
  for (let at = 1_024; at < 1_088; at++) {
    bytes[at] = 1 << (at & 7);
    assert.is(next(0), 1_024);
    assert.is(next(1_024), 1_024);
    assert.is(next(1_088), end);
    assert.is(next(0, 1_024), 1_024);
    assert.is(next(64, 512), 512);
    bytes[at] = 0;
  }
  bytes[end - 1] = 1;
  assert.is(next(0), end - 64);
});

test("__wray_restore() says when memory has another size, and changes nothing then", () => {
  const { functions, memory } = instantiate(
    assemble(`(module (memory 1) (global $g (mut i32) (i32.const 0))
      (func (export "grow") (drop (memory.grow (i32.const 1))) (global.set $g (i32.const 5)))
      (func (export "get") (result i32) (global.get $g)))`),
  );
  functions.grow!();
  new Uint8Array(memory!.buffer)[9] = 77;
  assert.is(functions.__wray_restore!(0, 1), 0);
  assert.equal([functions.get!(), new Uint8Array(memory!.buffer)[9]], [5, 77]);
  assert.is(functions.__wray_restore!(0, 2), 1);
  assert.equal([functions.get!(), new Uint8Array(memory!.buffer)[9]], [0, 0]);
});

test("it throws ModuleRejectedError when a module has more than 10,000 mutable globals", () => {
  const globals = (count: number) => `(module ${"(global (mut i32) (i32.const 0))".repeat(count)})`;
  assert.match(refusal(globals(10_001)), /10001 mutable globals/);
  assert.ok(WebAssembly.validate(prepare(globals(10_000)).bytes));
});

test("tables can't get more entries than the limit, together", () => {
  const text = `(module (table $a 10 funcref) (table $b 5 8 externref) (table $c 5 5 funcref)
    (func (export "a") (param i32) (result i32) (table.grow $a (ref.null func) (local.get 0)))
    (func (export "b") (param i32) (result i32) (table.grow $b (ref.null extern) (local.get 0))))`;
  const { functions } = instantiate(assemble(text), { tableEntries: 30 });
  // 20 are taken; the two that can grow have 5 more each, of which the second may take 3.
  assert.equal([functions.a!(6), functions.a!(5), functions.a!(1)], [-1, 10, -1]);
  assert.equal([functions.b!(4), functions.b!(3), functions.b!(1)], [-1, 5, -1]);
});

const refused: Record<string, [text: string, message: RegExp]> = {
  "tables begin with more than the limit": [
    "(module (table 6000 funcref) (table 6000 funcref))",
    /tables of 12000 entries, where the limit tableEntries is 10000/,
  ],
  "there are more than 100 tables": [`(module ${"(table 0 funcref)".repeat(101)})`, /101 tables/],
  "a memory is addressed by 64 bits": ["(module (memory i64 1))", /memory64/],
  "it imports a memory": ['(module (import "env" "memory" (memory 1)))', /env\.memory, which is a memory/],
  "it imports a table": ['(module (import "env" "t" (table 1 funcref)))', /env\.t, which is a table/],
  "it imports a global": ['(module (import "env" "g" (global i32)))', /env\.g, which is a global/],
  "it imports a tag": ['(module (import "env" "e" (tag)))', /env\.e, which is a tag/],
  "it imports what is the host's": [
    '(module (import "__wray" "check" (func (result i32))))',
    /__wray\.check/,
  ],
  "it exports under a name of the host's": [
    '(module (func (export "__wray_restore")))',
    /export __wray_restore, which is the host's own/,
  ],
};

for (const [what, [text, message]] of Object.entries(refused)) {
  test(`it throws ModuleRejectedError when ${what}`, () => {
    assert.match(refusal(text), message);
    assert.match(refusal(text), /^x\.wasm uses what no host runs: /);
  });
}

test("it throws ModuleRejectedError when there are two memories", () => {
  const bytes = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 5, 2, 0, 1, 0, 1);
  const { message } = throwsCode(() => prepareModule(bytes, defaultOptions), "MODULE_REJECTED");
  assert.match(message, "2 memories, where at most one is taken");
});

/** The bytes of a function without parameters and locals, with this code. */
const functionOf = (...code: number[]) => {
  const body = [0, ...code, 0x0b];
  return Uint8Array.of(
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
    ...[10, body.length + 2, 1, body.length, ...body],
  );
};

test("it names the opcode and the function when it does not know an instruction", () => {
  for (const [code, what] of [
    [[0x1f, 0x40], "opcode 0x1f at byte 23 in function 0"],
    [[0xfb, 0x00], "opcode 0xfb at byte 23"],
    [[0xfd, 0x80, 0x02], "opcode 0xfd 0x100 at byte 23"],
    [[0xd0, 0x6e], "the type 0x6e"],
    [[0x02, 0x64, 0x00], "the block type 0x64"],
  ] as const) {
    const { message } = throwsCode(
      () => prepareModule(functionOf(...code), defaultOptions),
      "MODULE_REJECTED",
    );
    assert.ok(message.includes(what), message);
  }
});

test("it refuses code that names what the host adds", () => {
  for (const [code, what] of [
    [[0x10, 1], "no function of that index"],
    [[0x41, 0, 0x24, 0], "no global of that index"],
    [[0x41, 0, 0x21, 0], "no local of that index"],
    [[0x02, 1, 0x0b], "no type of that index"],
    [[0xd2, 2], "no function of that index"],
    [[0x0c, 2], "no label 2"],
    [[0x41, 0, 0x40, 0], "no memory of that index"],
  ] as const) {
    const { message } = throwsCode(
      () => prepareModule(functionOf(...code), defaultOptions),
      "MODULE_REJECTED",
    );
    assert.ok(message.includes(what), message);
  }
});

/** A module of so many functions of this code. */
const many = (count: number, code: number[]) => {
  const body = [...unsigned(code.length + 2), 0, ...code, 0x0b];
  const section = (id: number, content: number[]) => [id, ...unsigned(content.length), ...content];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0],
    ...section(3, [...unsigned(count), ...Array(count).fill(0)]),
    ...section(10, [...unsigned(count), ...Array.from({ length: count }, () => body).flat()]),
  ]);
};
const emptyLoop = [0x03, 0x40, 0x0b];
const repeat = (count: number, code: number[]) => Array.from({ length: count }, () => code).flat();

test("it refuses code that the checks would blow up", () => {
  const bytes = many(160, repeat(1_000, [0x03, 0x40, 0x41, 0, 0x0d, 0, 0x0b]));
  assert.ok(WebAssembly.validate(bytes));
  const { message } = throwsCode(() => prepareModule(bytes, defaultOptions), "MODULE_REJECTED");
  assert.match(message, "code that the checks make 6 times as long");
  assert.ok(WebAssembly.validate(prepareModule(bytes, { ...defaultOptions, preempt: false }).bytes));
});

test("it refuses functions that would keep the engine's optimiser busy, with checks and without", () => {
  for (const preempt of [true, false]) {
    const prepare = (loopCount: number) =>
      prepareModule(many(1, repeat(loopCount, emptyLoop)), { ...defaultOptions, preempt });
    assert.match(
      throwsCode(() => prepare(1_001), "MODULE_REJECTED").message,
      "more than 1000 loops in function 0",
    );
    assert.ok(WebAssembly.validate(prepare(1_000).bytes));
  }
});

test("it does not search for long when a loop has a hundred thousand ways to come round", () => {
  const wayRound = [0x41, 0, 0x04, 0x40, 0x0c, 1, 0x0b];
  const bytes = many(1, [0x03, 0x40, ...emptyLoop, ...repeat(100_000, wayRound), 0x0b]);
  assert.ok(WebAssembly.validate(prepareModule(bytes, defaultOptions).bytes));
});

const reusable = `(module (memory 1) (table (export "t") 2 funcref) (data $d "x") (elem $e func 0)
  (func (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)) (drop (table.get (i32.const 0)))))`;
const notReusable: Record<string, [code: string, reason: RegExp]> = {
  "drops data": ["(data.drop $d)", /drops data segments/],
  "drops elements": ["(elem.drop $e)", /drops element segments/],
  "sets an entry of a table": ["(table.set (i32.const 0) (ref.null func))", /changes a table/],
  "initialises a table": ["(table.init $e (i32.const 0) (i32.const 0) (i32.const 0))", /changes a table/],
  "copies a table": ["(table.copy (i32.const 0) (i32.const 0) (i32.const 0))", /changes a table/],
  "grows a table": ["(drop (table.grow (ref.null func) (i32.const 0)))", /changes a table/],
  "fills a table": ["(table.fill (i32.const 0) (ref.null func) (i32.const 0))", /changes a table/],
};

test("an instance can be put back when a module only reads its table and copies passive data", () => {
  assert.equal(prepare(reusable).isReusable, true);
});

for (const [what, [code, reason]] of Object.entries(notReusable)) {
  test(`an instance can't be put back when the module ${what}`, () => {
    for (const preempt of [true, false]) {
      const preparation = prepare(reusable.replace("(drop (table", `${code} (drop (table`), { preempt });
      assert.not(preparation.isReusable);
      assert.match("reason" in preparation ? preparation.reason : "", reason);
    }
  });
}

test("names of functions stay in traces, and no other custom section is left", () => {
  const text = `(module (import "env" "host" (func $host)) (func $inner (unreachable))
    (func $outer (export "f") (call $host) (call $inner) (call $inner)))`;
  const bytes = assemble(text);
  const other = Uint8Array.of(...bytes, 0, 6, 5, ...Buffer.from("other"));
  const { functions, preparation } = instantiate(other, { imports: { env: { host: () => {} } } });
  const wasm = new WebAssembly.Module(preparation.bytes);
  assert.is(WebAssembly.Module.customSections(wasm, "other").length, 0);
  try {
    functions.f!();
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).stack!, /at inner .*\n.*at outer /);
  }
});

test("a broken section of names is dropped", () => {
  const bytes = Uint8Array.of(
    ...assemble(`(module (func (export "f")))`),
    0,
    7,
    4,
    ...Buffer.from("name"),
    1,
    99,
  );
  const twice = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, 7, 4, ...Buffer.from("name"), 1, 99);
  for (const each of [bytes, twice])
    assert.ok(WebAssembly.validate(prepareModule(each, defaultOptions).bytes));
});
