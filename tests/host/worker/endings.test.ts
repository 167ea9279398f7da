import { openWorker, prepared } from "../../../scripts/bench/worker.ts";
import { assert, suite, throwsCode } from "../../support/index.ts";
import { assemble } from "../wasm/assemble.ts";

const test = suite("worker/instance, however a task ends");

/** Each kernel plants a secret and then ends badly; `look` adds up all that is in memory. */
const bad = await prepared(
  assemble(`(module
    (memory 1)
    (global $secret (mut i64) (i64.const 0))
    (func $plant
      (i64.store (i32.const 65528) (i64.const 77))
      (global.set $secret (i64.const 77)))
    (func (export "trap") (call $plant) (unreachable))
    (func (export "spin") (call $plant) (loop $again (br $again)))
    (func $deeper (param i32) (result i32) (i32.add (call $deeper (local.get 0)) (local.get 0)))
    (func (export "recurse") (result i32) (call $plant) (call $deeper (i32.const 1)))
    (func (export "hoard")
      (call $plant)
      (if (i32.eq (memory.grow (i32.const 60000)) (i32.const -1)) (then (unreachable))))
    (func (export "look") (result i64) (local $at i32) (local $sum i64)
      (loop $next
        (local.set $sum (i64.add (local.get $sum) (i64.load8_u (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $at) (i32.const 65536))))
      (i64.add (local.get $sum) (global.get $secret)))
    (func (export "plant_and_look") (result i64)
      (call $plant)
      (i64.add (i64.load (i32.const 65528)) (global.get $secret))))`),
);

for (const [kernel, code] of [
  ["trap", "TASK_ERROR"],
  ["spin", "TASK_TIMEOUT"],
  ["recurse", "STACK_OVERFLOW"],
  ["hoard", "OUT_OF_MEMORY"],
] as const) {
  test(`the next task gets the same instance, and finds nothing in it, after ${code}`, () => {
    const worker = openWorker();
    assert.is(worker.run(bad, "plant_and_look"), 154n);
    for (let round = 0; round < 3; round++) {
      throwsCode(() => worker.run(bad, kernel, [], { timeoutMs: 5 }), code);
      assert.is(worker.run(bad, "look"), 0n);
      // That memory ran out is forgotten, too.
      throwsCode(() => worker.run(bad, "trap"), "TASK_ERROR");
    }
    assert.is(worker.instanceCount(), 1);
  });
}
