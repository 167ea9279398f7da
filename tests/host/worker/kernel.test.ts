import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { WorkerModule } from "../../../host/worker/messages.ts";
import { openWorker, prepared } from "../../../scripts/bench/worker.ts";
import { root } from "../../kernels/asc.ts";
import { assert, suite } from "../../support/index.ts";
import { assemble } from "../wasm/assemble.ts";

const test = suite("worker/instance, kernel");

const shipped = async (name: string) =>
  prepared(Uint8Array.from(await readFile(join(root, `dist/std/${name}.wasm`))));
const kernelOf = (module: WorkerModule, name: string) => openWorker().instantiate(module).kernel(name);

test("kernel() is stateless for kernels of AssemblyScript that allocate nothing and have no defaults", async () => {
  const [math, vector] = [await shipped("math"), await shipped("vector")];
  for (const name of ["add", "sub", "mul"]) assert.ok(kernelOf(math, name).isStateless, name);
  // One makes a text for its error; how many arguments there are is told to the other by a global.
  for (const name of ["fib", "pi"]) assert.not(kernelOf(math, name).isStateless, name);
  // It reads only, but what it reads is put into its memory.
  assert.ok(vector.stateless.includes("sum"));
  for (const name of ["sum", "add", "scale", "dot"]) assert.not(kernelOf(vector, name).isStateless, name);
});

test("kernel() gives the function itself, once", async () => {
  const instance = openWorker().instantiate(await shipped("math"));
  const { run, setArgumentsLength } = instance.kernel("add");
  assert.is(instance.kernel("add").run, run);
  assert.is(run.length, 2);
  assert.is(run(2, 3), 5);
  assert.is(setArgumentsLength, undefined);
});

test("kernel() tells of a kernel with defaults by what it is told how many arguments it gets", async () => {
  const instance = openWorker().instantiate(await shipped("math"));
  const { run, setArgumentsLength } = instance.kernel("pi");
  setArgumentsLength!(1);
  assert.is(run(1), 4);
  setArgumentsLength!(0);
  assert.is(run(), instance.call("pi", [1_000_000]));
});

test("kernel() is not stateless when the start was told something by the host, which belongs to one task", async () => {
  const text = (start: string) => `(module (import "env" "seed" (func $seed (result f64)))
    (global $g (mut f64) (f64.const 0)) (func $start ${start}) (start $start)
    (func (export "look") (result f64) (global.get $g)))`;
  assert.ok(kernelOf(await prepared(assemble(text("(global.set $g (f64.const 3))"))), "look").isStateless);
  const seeded = await prepared(assemble(text("(global.set $g (call $seed))")));
  assert.equal(seeded.stateless, ["look"]);
  assert.not(kernelOf(seeded, "look").isStateless);
});

test("__setArgumentsLength, which any function may be called, does not run for kernels without defaults", async () => {
  const module = await prepared(
    assemble(`(module (global $g (mut i32) (i32.const 0))
      (func (export "__setArgumentsLength") (param i32) (global.set $g (i32.const 77)))
      (func (export "look") (param i32) (result i32) (global.get $g)))`),
  );
  const worker = openWorker();
  assert.is(worker.run(module, "look", [1]), 0);
  assert.ok(worker.instantiate(module).kernel("look").isStateless);
});

test("kernel() knows nothing of what the host has added, whatever the manifest names", async () => {
  const instance = openWorker().instantiate(
    await prepared(assemble(`(module (memory 1) (func (export "f")))`)),
  );
  for (const name of ["__wray_keep", "__wray_restore", "__wray_out_of_memory"]) {
    assert.throws(() => instance.kernel(name), `the module exports no function ${name}`);
    assert.throws(() => instance.call(name, []), `the module exports no function ${name}`);
  }
});

test("an instance serves one task after the other when only stateless kernels ran, whatever its module could do", async () => {
  const module = await prepared(
    assemble(`(module (table $t 2 funcref) (func (export "add") (param i32 i32) (result i32)
      (i32.add (local.get 0) (local.get 1))) (func (export "set") (table.set $t (i32.const 0) (ref.null func))))`),
  );
  const instance = openWorker().instantiate(module);
  assert.not(module.isReusable);
  assert.ok(instance.kernel("add").isStateless);
  assert.not(instance.kernel("set").isStateless);
  assert.is(instance.reset(), false);
});
