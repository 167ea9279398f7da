import { openWorker, prepared } from "../../../scripts/bench/worker.ts";
import { assert, suite } from "../../support/index.ts";
import { assemble } from "../wasm/assemble.ts";

const test = suite("worker/kept-instances");

const mebibyte = 1024 * 1024;
const pagesIn = (bytes: number) => bytes / 65_536;

/** A module unlike those of other numbers, with so much memory. */
const numbered = (number: number, bytes = 65_536) =>
  prepared(
    assemble(`(module (memory ${pagesIn(bytes)}) (func (export "run") (result i32)
      (i32.store (i32.const 0) (i32.const 1)) (i32.const ${number})))`),
  );

test("keep() keeps the instances of the 32 modules used last", async () => {
  const modules = await Promise.all(Array.from({ length: 33 }, (_, number) => numbered(number)));
  const worker = openWorker();
  const runAll = (some: typeof modules) => {
    const before = worker.instanceCount();
    for (const module of some) worker.run(module, "run");
    return worker.instanceCount() - before;
  };
  assert.is(runAll(modules.slice(0, 32)), 32);
  assert.is(runAll(modules.slice(0, 32)), 0);
  // The first is used again before the last takes the place of the second.
  assert.is(runAll([modules[0]!, modules[32]!, modules[0]!]), 1);
  assert.is(runAll([modules[1]!]), 1);
});

test("keep() keeps 64 MiB of memory at most", async () => {
  const modules = await Promise.all(Array.from({ length: 9 }, (_, number) => numbered(number, 8 * mebibyte)));
  const worker = openWorker();
  for (const module of [...modules.slice(0, 8), ...modules.slice(0, 8)]) worker.run(module, "run");
  assert.is(worker.instanceCount(), 8);
  worker.run(modules[8]!, "run");
  worker.run(modules[0]!, "run");
  assert.is(worker.instanceCount(), 10);
});

test("a module that begins with more than 8 MiB gets a new instance for each task", async () => {
  for (const [bytes, instanceCount] of [
    [8 * mebibyte, 1],
    [8 * mebibyte + 65_536, 3],
  ] as const) {
    const module = await numbered(0, bytes);
    const worker = openWorker();
    for (let round = 0; round < 3; round++) worker.run(module, "run");
    assert.is(worker.instanceCount(), instanceCount);
  }
});

test("an instance of any module up to 64 MiB serves one task after the other that leaves nothing in it", async () => {
  for (const [bytes, instanceCount] of [
    [64 * mebibyte, 1],
    [64 * mebibyte + 65_536, 3],
  ] as const) {
    const module = await prepared(
      assemble(`(module (memory ${pagesIn(bytes)}) (func (export "run") (result i32) (i32.const 7)))`),
    );
    const worker = openWorker();
    for (let round = 0; round < 3; round++) worker.run(module, "run");
    assert.is(worker.instanceCount(), instanceCount);
  }
});
