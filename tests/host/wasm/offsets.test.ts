import { originalFunctionIndex, originalOffset } from "../../../host/wasm/offsets.ts";
import { assert, suite } from "../../support/index.ts";
import { assemble } from "./assemble.ts";
import { instantiate, original } from "./prepared.ts";

const test = suite("originalOffset");

/** Each function traps in its own way; the first argument says after how many turns of loops. */
const bytes = assemble(`(module
  (import "env" "host" (func $host (param i32)))
  (memory 1) (table 2 funcref) (elem (i32.const 0) $leaf)
  (func $leaf (param $n i32) (result i32) (i32.div_u (i32.const 1) (local.get $n)))
  (func $middle (param $n i32) (result i32)
    (call $host (local.get $n)) (i32.add (call $leaf (local.get $n)) (i32.const 1)))
  (func (export "divide") (param $n i32) (result i32) (local $i i32)
    (loop $l
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (if (i32.lt_u (local.get $i) (i32.const 5000)) (then (br $l))))
    (call $middle (local.get $n)))
  (func (export "loop") (param $n i32)
    (loop $a (loop $b
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $b (i32.gt_s (local.get $n) (i32.const 100)))
      (drop (i32.load (i32.sub (local.get $n) (i32.const 50))))
      (br_if $a (i32.gt_s (local.get $n) (i32.const 0))))))
  (func (export "fill") (param $n i32)
    (call $host (i32.const 0)) (memory.fill (i32.const 65535) (i32.const 0) (i32.const 2)))
  (func (export "indirect") (param $n i32)
    (drop (call_indirect (param i32) (result i32) (i32.const 0) (i32.const 0)))
    (drop (call_indirect (param i32) (result i32) (i32.const 1) (i32.const 1))))
  (func (export "deep") (param $n i32)
    (if (local.get $n) (then (call 7 (i32.sub (local.get $n) (i32.const 1)))) (else (unreachable)))
    (nop)))`);

type Frame = { index: number; offset: number };

/** The frames of WebAssembly in a trace, innermost first. */
function framesOf(work: () => unknown): Frame[] {
  try {
    work();
  } catch (error) {
    return [...(error as Error).stack!.matchAll(/wasm-function\[(\d+)\]:0x([0-9a-f]+)/g)].map(
      ([, index, offset]) => ({ index: Number(index), offset: Number.parseInt(offset!, 16) }),
    );
  }
  throw new Error("it did not trap");
}

const imports = { env: { host: () => {} } };
const expected = original(bytes, imports);

for (const preempt of [true, false]) {
  const { functions, preparation } = instantiate(bytes, { imports, preempt });
  for (const [name, argument] of Object.entries({ divide: 0, loop: 200, fill: 0, indirect: 0, deep: 5 })) {
    test(`it gives the places of the original when ${name} traps, with preempt: ${preempt}`, () => {
      const actual = framesOf(() => functions[name]!(argument)).flatMap(({ index, offset }) => {
        const was = originalFunctionIndex(preparation.offsets, index);
        const at = originalOffset(preparation.offsets, offset);
        // Functions of the host have no place.
        assert.is(was === undefined, at === undefined);
        return was === undefined ? [] : [{ index: was, offset: at! }];
      });
      assert.equal(
        actual,
        framesOf(() => expected[name]!(argument)),
      );
    });
  }

  test(`it gives undefined for what is no code of the module, with preempt: ${preempt}`, () => {
    const { offsets, bytes: prepared } = preparation;
    for (const offset of [0, 8, prepared.length - 1])
      assert.is(originalOffset(offsets, offset), undefined, `${offset}`);
    assert.is(originalFunctionIndex(offsets, 0), 0);
    if (preempt) assert.is(originalFunctionIndex(offsets, 1), undefined);
    assert.is(originalFunctionIndex(offsets, preempt ? 8 : 7), 7);
    assert.is(originalFunctionIndex(offsets, preempt ? 9 : 8), undefined);
  });
}
