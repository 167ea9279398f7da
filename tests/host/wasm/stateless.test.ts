import { prepareModule } from "../../../host/wasm/prepare.ts";
import { assert, suite } from "../../support/index.ts";
import { assemble } from "./assemble.ts";
import { defaultOptions } from "./prepared.ts";

const test = suite("stateless functions");

const statelessOf = (text: string, preempt = true) =>
  prepareModule(assemble(text), { ...defaultOptions, preempt }).stateless;

const declared = `(memory 1 2 shared) (table $t 4 8 funcref) (data $d "x") (elem $e func $leaf) (tag $tag)
  (global $g (mut i32) (i32.const 0)) (global $c i32 (i32.const 7)) (type $void (func))
  (import "env" "abort" (func $abort (param i32 i32 i32 i32)))
  (func $leaf)`;
/** Imports come first. */
const moduleOf = (...functions: string[]) => {
  const imports = /\(import.*\)\n/.exec(declared)![0];
  return `(module ${imports} ${declared.replace(imports, "\n")} ${functions.join("\n")})`;
};
const kernel = (code: string) => moduleOf(`(func (export "f") ${code})`);

const harmless: Record<string, string> = {
  "numbers and conversions": `(drop (i32.trunc_sat_f64_s (f64.sqrt (f64.convert_i64_s (i64.mul (i64.const 5) (i64.const 7))))))
    (drop (i64.extend8_s (i64.const 3)))`,
  "blocks, loops and branches": `(local $i i32)
    (block $out (loop $l (br_if $out (i32.gt_u (local.get $i) (i32.const 9)))
      (local.set $i (i32.add (local.tee $i (local.get $i)) (i32.const 1)))
      (if (local.get $i) (then (nop)) (else (return)))
      (br_table $l $out $l (local.get $i))))`,
  loads:
    "(drop (i32.load (i32.const 8))) (drop (i64.load32_u (i32.const 8))) (drop (f64.load (i32.const 8)))",
  "loads of vectors, and of their lanes": `(drop (v128.load (i32.const 0))) (drop (v128.load32_zero (i32.const 0)))
    (drop (v128.load8_splat (i32.const 0))) (drop (v128.load64_lane 1 (i32.const 0) (v128.const i64x2 1 2)))
    (drop (f32x4.mul (v128.const i64x2 1 2) (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
      (v128.const i64x2 1 2) (v128.const i64x2 1 2))))`,
  "reading globals and the size of memory":
    "(drop (global.get $g)) (drop (global.get $c)) (drop (memory.size))",
  "select and drop": "(drop (select (i32.const 1) (i32.const 2) (i32.const 0)))",
  "calls of what is alike": "(call $leaf) (return_call $leaf)",
  "a trap": "(unreachable)",
};

for (const [what, code] of Object.entries(harmless)) {
  test(`a function is stateless with ${what}`, () => {
    for (const preempt of [true, false]) assert.equal(statelessOf(kernel(code), preempt), ["f"]);
  });
}

const memories = ["i32.store", "i32.store8", "i32.store16", "f32.store", "f64.store", "i64.store"]
  .concat(["i64.store8", "i64.store16", "i64.store32"])
  .map((name) => [name, `(${name} (i32.const 0) (${name.slice(0, 3)}.const 1))`]);
const lanes = [8, 16, 32, 64].map((bits) => [
  `v128.store${bits}_lane`,
  `(v128.store${bits}_lane 0 (i32.const 0) (v128.const i64x2 1 2))`,
]);
const atomics = ["add", "sub", "and", "or", "xor", "xchg"].flatMap((name) =>
  ["i32.atomic.rmw", "i32.atomic.rmw8", "i64.atomic.rmw", "i64.atomic.rmw32"].map((type) => {
    const suffix = /\d$/.test(type) && !type.endsWith("rmw") ? "_u" : "";
    return [
      `${type}.${name}${suffix}`,
      `(drop (${type}.${name}${suffix} (i32.const 0) (${type.slice(0, 3)}.const 1)))`,
    ];
  }),
);

const harmful: Record<string, string> = {
  ...Object.fromEntries([...memories, ...lanes, ...atomics]),
  "v128.store": "(v128.store (i32.const 0) (v128.const i64x2 1 2))",
  "i32.atomic.store": "(i32.atomic.store (i32.const 0) (i32.const 1))",
  "i64.atomic.store8": "(i64.atomic.store8 (i32.const 0) (i64.const 1))",
  "i32.atomic.rmw.cmpxchg": "(drop (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 1)))",
  "memory.atomic.wait32": "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 0)))",
  "memory.atomic.wait64": "(drop (memory.atomic.wait64 (i32.const 0) (i64.const 0) (i64.const 0)))",
  "memory.atomic.notify": "(drop (memory.atomic.notify (i32.const 0) (i32.const 0)))",
  "memory.grow": "(drop (memory.grow (i32.const 0)))",
  "memory.fill": "(memory.fill (i32.const 0) (i32.const 0) (i32.const 0))",
  "memory.copy": "(memory.copy (i32.const 0) (i32.const 0) (i32.const 0))",
  "memory.init": "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 0))",
  "data.drop": "(data.drop $d)",
  "elem.drop": "(elem.drop $e)",
  "table.set": "(table.set $t (i32.const 0) (ref.null func))",
  "table.grow": "(drop (table.grow $t (ref.null func) (i32.const 0)))",
  "table.fill": "(table.fill $t (i32.const 0) (ref.null func) (i32.const 0))",
  "table.copy": "(table.copy $t $t (i32.const 0) (i32.const 0) (i32.const 0))",
  "table.init": "(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 0))",
  "global.set": "(global.set $g (i32.const 1))",
  call_indirect: "(call_indirect (type $void) (i32.const 0))",
  return_call_indirect: "(return_call_indirect (type $void) (i32.const 0))",
  throw: "(throw $tag)",
  try: "(try (do (nop)) (catch_all (nop)))",
  "a call of an imported function": "(call $abort (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))",
  "a tail call of an imported function":
    "(return_call $abort (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))",
};

for (const [what, code] of Object.entries(harmful)) {
  test(`a function is not stateless with ${what}, nor is what calls it`, () => {
    for (const preempt of [true, false]) {
      assert.equal(statelessOf(kernel(code), preempt), []);
      // Where it never gets to counts as well.
      assert.equal(statelessOf(kernel(`(return) ${code}`), preempt), []);
      const called = moduleOf(
        `(func (export "outer") (call $middle))`,
        `(func (export "other") (call $leaf))`,
        `(func $middle (block (call $inner)))`,
        `(func $inner ${code})`,
        `(func (export "last") (return_call $middle))`,
      );
      assert.equal(statelessOf(called, preempt), ["other"]);
    }
  });
}

test("functions that call each other in a circle are stateless unless one changes something", () => {
  const circle = (code: string) =>
    statelessOf(
      moduleOf(
        `(func $a (export "a") (call $b))`,
        `(func $b (export "b") (call $c) (call $b))`,
        `(func $c (export "c") (call $a) ${code})`,
        `(func $d (export "d") (call $d))`,
      ),
    );
  assert.equal(circle(""), ["a", "b", "c", "d"]);
  assert.equal(circle("(global.set $g (i32.const 1))"), ["d"]);
});

test("all names of a function are listed, and an export that is imported or no function is not", () => {
  const text = moduleOf(
    `(func $f (export "one") (export "two"))`,
    `(export "abort" (func $abort)) (export "memory" (memory 0)) (export "g" (global $g)) (export "t" (table $t))`,
  );
  assert.equal(statelessOf(text), ["one", "two"]);
});

test("a function that only the start calls, or a table holds, says nothing of others", () => {
  const text = moduleOf(
    `(func $start (global.set $g (i32.const 5)))`,
    `(start $start) (elem (table $t) (i32.const 0) func $start)`,
    `(func (export "f") (result i32) (global.get $g))`,
  );
  assert.equal(statelessOf(text), ["f"]);
});
