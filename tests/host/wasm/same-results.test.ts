import { assert, suite } from "../../support/index.ts";
import { assemble } from "./assemble.ts";
import { instantiate, original } from "./prepared.ts";

const test = suite("prepareModule, same results");

type Call = [name: string, ...args: (number | bigint)[]];

/** What a call gives, or how it fails. */
function outcome(functions: Record<string, (...args: never[]) => unknown>, [name, ...args]: Call): unknown {
  try {
    return functions[name]!(...(args as never[]));
  } catch (error) {
    return `${(error as Error).constructor.name}: ${(error as Error).message}`;
  }
}

/** Calls in this order, on one instance of each. */
function isSame(text: string, calls: Call[], imports: WebAssembly.Imports = {}): void {
  const bytes = assemble(text);
  const expected = original(bytes, imports);
  for (const preempt of [true, false]) {
    const { functions } = instantiate(bytes, { preempt, imports });
    const untouched = original(bytes, imports);
    for (const call of calls) {
      assert.equal(outcome(functions, call), outcome(untouched, call), `${call.join()}, preempt: ${preempt}`);
    }
  }
  // The cases themselves must not all fail alike.
  assert.ok(calls.some((call) => !String(outcome(expected, call)).includes("Error")));
}

const upTo = (name: string, count: number): Call[] => Array.from({ length: count }, (_, n) => [name, n]);

test("branches lead where they did when they leave several loops at once", () => {
  isSame(
    `(module (func (export "f") (param $n i32) (result i32) (local $i i32) (local $j i32) (local $sum i32)
      (block $out
        (loop $a
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (local.set $j (i32.const 0))
          (loop $b
            (local.set $j (i32.add (local.get $j) (i32.const 1)))
            (local.set $sum (i32.add (local.get $sum) (i32.mul (local.get $i) (local.get $j))))
            (br_if $out (i32.gt_u (local.get $sum) (i32.mul (local.get $n) (i32.const 1000))))
            (br_if $b (i32.lt_u (local.get $j) (local.get $i)))
            (br_if $a (i32.lt_u (local.get $i) (local.get $n))))
          (local.set $sum (i32.add (local.get $sum) (i32.const 7)))
          (return (i32.sub (i32.const 0) (local.get $sum)))))
      (local.get $sum)))`,
    upTo("f", 60),
  );
});

test("br_table reaches loops, blocks and the function", () => {
  isSame(
    `(module (func (export "f") (param $n i32) (result i32) (local $steps i32)
      (loop $again (result i32)
        (local.set $steps (i32.add (local.get $steps) (i32.const 1)))
        (block $two
          (block $one
            (loop $inner
              (br_if 1 (i32.gt_u (local.get $steps) (i32.const 90)))
              (local.set $steps (i32.add (local.get $steps) (i32.const 10)))
              (local.get $n)
              (local.set $n (i32.sub (local.get $n) (i32.const 1)))
              (br_table $inner $one $two $again $inner)))
          (return (i32.add (local.get $steps) (i32.const 1000))))
        (i32.add (local.get $steps) (i32.const 2000)))))`,
    upTo("f", 12),
  );
});

test("loops with parameters and several results keep them", () => {
  isSame(
    `(module (type $pair (func (param i32 i32) (result i32 i32)))
      (func (export "f") (param $n i32) (result i32 i32)
        (i32.const 1) (i32.const 1)
        (loop (type $pair) (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
          (call $swap)
          (block (type $pair) (br_if 1 (i32.gt_s (local.get 0) (i32.const 0))))))
      (func $swap (param i32 i32) (result i32 i32) (i32.add (local.get 0) (local.get 1)) (local.get 0))
      (func (export "g") (param $n i32) (result i32 f64)
        (loop (result i32 f64)
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br_if 0 (i32.gt_s (local.get $n) (i32.const 0)))
          (local.get $n) (f64.const 0.5))))`,
    [...upTo("f", 8), ...upTo("g", 3)],
  );
});

test("calls reach the functions that they named when they go through tables, references and imports", () => {
  isSame(
    `(module
      (type $unary (func (param i32) (result i32)))
      (import "env" "twice" (func $twice (type $unary)))
      (table $t 5 funcref)
      (elem (i32.const 0) $inc $twice)
      (elem (table $t) (offset (i32.const 2)) funcref (ref.func $dec) (ref.null func))
      (elem declare func $dec)
      (global $g funcref (ref.func $inc))
      (func $inc (type $unary) (i32.add (local.get 0) (i32.const 1)))
      (func $dec (type $unary) (i32.sub (local.get 0) (i32.const 1)))
      (func (export "table") (param i32) (result i32) (call_indirect (type $unary) (i32.const 10) (local.get 0)))
      (func (export "direct") (param i32) (result i32) (call $twice (call $inc (local.get 0))))
      (func (export "reference") (param i32) (result i32)
        (table.set $t (i32.const 4) (ref.func $dec)) (call_indirect (type $unary) (local.get 0) (i32.const 4)))
      (func (export "global") (param i32) (result i32)
        (table.set $t (i32.const 4) (global.get $g)) (call_indirect (type $unary) (local.get 0) (i32.const 4)))
      (func (export "tail") (param i32) (result i32) (return_call $inc (local.get 0)))
      (func (export "tail_table") (param i32) (result i32)
        (return_call_indirect (type $unary) (i32.const 5) (local.get 0)))
      (export "again" (func $twice)))`,
    [
      ...upTo("table", 7),
      ...upTo("direct", 2),
      ["reference", 3],
      ["global", 3],
      ["tail", 4],
      ...upTo("tail_table", 3),
      ["again", 21],
    ],
    { env: { twice: (n: number) => n * 2 } },
  );
});

test("passive segments and bulk operations of tables work", () => {
  isSame(
    `(module (memory 1) (table $t 4 20 funcref)
      (data $d "hello, world")
      (elem $e func $one $two)
      (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
      (func (export "data") (param i32) (result i32)
        (memory.init $d (i32.const 100) (local.get 0) (i32.const 4)) (i32.load (i32.const 100)))
      (func (export "drop") (data.drop $d) (elem.drop $e))
      (func (export "elements") (param i32) (result i32)
        (table.init $t $e (i32.const 1) (i32.const 0) (local.get 0))
        (table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 2))
        (call_indirect (result i32) (i32.const 1)))
      (func (export "grow") (param i32) (result i32)
        (drop (table.grow $t (ref.null func) (local.get 0)))
        (table.fill $t (i32.const 0) (ref.func $two) (i32.const 2))
        (table.size $t)))`,
    [
      ["data", 2],
      ["data", 11],
      ["elements", 2],
      ["grow", 3],
      ["drop"],
      ["data", 0],
      ["data", 1],
      ["elements", 3],
    ],
  );
});

test("exceptions are caught where they were, in and around loops", () => {
  isSame(
    `(module (tag $e (param i32))
      (func $throw (param i32) (throw $e (local.get 0)))
      (func (export "f") (param $n i32) (result i32) (local $sum i32)
        (loop $l
          (try
            (do (call $throw (local.get $n)))
            (catch $e (local.set $sum (i32.add (local.get $sum))))
            (catch_all (local.set $sum (i32.const -1))))
          (br_if $l (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))
        (local.get $sum))
      (func (export "rethrown") (param $n i32) (result i32)
        (try (result i32)
          (do (try (result i32)
            (do (throw $e (local.get $n)))
            (catch_all (loop (rethrow 1)) (i32.const 1))))
          (catch $e)))
      (func (export "delegated") (param $n i32) (result i32)
        (try $outer (result i32)
          (do
            (loop (result i32)
              (try (result i32)
                (do (try (result i32) (do (call $throw (local.get $n)) (i32.const 5)) (delegate $outer)))
                (catch_all (i32.const 77)))))
          (catch $e (i32.add (i32.const 100))))))`,
    [...upTo("f", 5), ["rethrown", 9], ["delegated", 3]],
  );
});

test("vectors, atomics and conversions work", () => {
  isSame(
    `(module (memory 1 1 shared)
      (func (export "simd") (param i32) (result i32) (local $v v128) (local $i i32)
        (loop $l
          (local.set $v (i32x4.add (local.get $v) (i32x4.splat (local.get 0))))
          (local.set $v (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (local.get $v) (local.get $v)))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))
        (v128.store (i32.const 16) (local.get $v))
        (v128.store32_lane 2 (i32.const 64) (local.get $v))
        (i32.add (i32x4.extract_lane 3 (v128.load (i32.const 16))) (i32.load (i32.const 64))))
      (func (export "atomics") (param i32) (result i32)
        (drop (i32.atomic.rmw.add (i32.const 8) (local.get 0)))
        (drop (i64.atomic.rmw.cmpxchg (i32.const 24) (i64.const 0) (i64.const 9)))
        (atomic.fence)
        (drop (memory.atomic.notify (i32.const 8) (i32.const 1)))
        (memory.atomic.wait32 offset=4 (i32.const 4) (i32.const -1) (i64.const -1))
        (i32.add (i32.atomic.load (i32.const 8))))
      (func (export "waits") (param i64) (result i32)
        (memory.atomic.wait64 (i32.const 80) (i64.const 0) (local.get 0)))
      (func (export "floats") (param f64) (result i64)
        (i64.add (i64.trunc_sat_f64_s (local.get 0)) (i64.extend8_s (i64.const 255)))))`,
    [
      ["simd", 3],
      ["simd", -7],
      ["atomics", 4],
      ["waits", 0n],
      ["waits", 2_500_000n],
      ["floats", 1e30],
      ["floats", Number.NaN],
    ],
  );
});

test("memory.fill and memory.copy give the same bytes and traps when they are done in pieces", () => {
  const pages = 64;
  const bytes = assemble(`(module (memory (export "memory") ${pages})
    (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
    (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2))))`);
  const size = pages * 65_536;
  const piece = 1024 * 1024;
  const calls: Call[] = [
    ["fill", 3, 1, 3 * piece + 5],
    ["copy", 10, 0, 3 * piece],
    ["copy", 0, 7, 3 * piece],
    ["copy", piece, 0, 2 * piece + 1],
    ["fill", size - 1, 9, 1],
    ["fill", size, 9, 0],
    ["fill", size, 9, 1],
    ["fill", 5, 8, size],
    ["fill", 5, 8, -1],
    ["copy", 0, 5, size],
    ["copy", 5, 0, size],
    ["copy", 0, 0, size],
    ["copy", -1, 0, 1],
  ];
  const [expected, actual] = [original(bytes), instantiate(bytes)];
  const seed = Uint8Array.from({ length: size }, (_, index) => (index * 31) ^ (index >> 9));
  const memories = [expected.memory, actual.memory].map(
    (memory) => new Uint8Array((memory as unknown as WebAssembly.Memory).buffer),
  );
  for (const memory of memories) memory.set(seed);
  for (const call of calls) {
    assert.equal(outcome(actual.functions, call), outcome(expected, call), call.join());
    assert.is(Buffer.compare(memories[0]!, memories[1]!), 0, call.join());
  }
});

test("a start function runs, and what it does stays", () => {
  isSame(
    `(module (global $g (mut i64) (i64.const 5)) (memory 1) (data (i32.const 4) "\\07")
      (func $init (global.set $g (i64.add (global.get $g) (i64.load8_u (i32.const 4)))))
      (start $init)
      (func (export "f") (result i64) (global.get $g)))`,
    [["f"], ["f"]],
  );
});
