import { openWorker, prepared } from "../../../scripts/bench/worker.ts";
import { assert, suite, throwsCode } from "../../support/index.ts";
import { assemble } from "../wasm/assemble.ts";

const test = suite("worker/instance, start");

test("an instance is put back to what it was when its start had run", async () => {
  const module = await prepared(
    assemble(`(module
      (memory 1)
      (global $count (mut i32) (i32.const 1))
      (start $start)
      (func $start
        (global.set $count (i32.const 10))
        (drop (memory.grow (i32.const 1)))
        (i32.store (i32.const 131068) (i32.const 20)))
      (func (export "count") (result i32)
        (global.set $count (i32.add (global.get $count) (i32.const 1)))
        (i32.store (i32.const 131068) (i32.add (i32.load (i32.const 131068)) (i32.const 1)))
        (i32.add
          (i32.mul (memory.size) (i32.const 1000))
          (i32.add (global.get $count) (i32.load (i32.const 131068))))))`),
  );
  const worker = openWorker();
  for (let round = 0; round < 3; round++) assert.is(worker.run(module, "count"), 2_032);
  assert.is(worker.instanceCount(), 1);
});

test("what a start has asked the host for is never another task's", async () => {
  const module = await prepared(
    assemble(`(module
      (import "wray" "random" (func $random (result f64)))
      (global $secret (mut f64) (f64.const 0))
      (start $start)
      (func $start (global.set $secret (call $random)))
      (func (export "look") (result f64) (global.get $secret)))`),
  );
  const worker = openWorker();
  // The seed of each task is its own.
  const secrets = Array.from({ length: 5 }, () => worker.run(module, "look"));
  assert.is(new Set(secrets).size, 5);
  assert.is(worker.instanceCount(), 5);
});

test("a start that never ends, traps or recurses without end fails its task, and the next as well", async () => {
  for (const [body, code] of [
    ["(loop $again (br $again))", "TASK_TIMEOUT"],
    ["(unreachable)", "TASK_ERROR"],
    ["(call $start)", "STACK_OVERFLOW"],
  ] as const) {
    const module = await prepared(
      assemble(`(module (memory 1) (start $start) (func $start ${body}) (func (export "run")))`),
    );
    const worker = openWorker();
    for (let round = 0; round < 3; round++) {
      throwsCode(() => worker.run(module, "run", [], { timeoutMs: 5 }), code);
    }
  }
});
