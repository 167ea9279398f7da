import { arrayOf, fits } from "../../../scheduler/protocol/array-of.ts";
import { defaultLimits } from "../../../scheduler/protocol/limits.ts";
import {
  isTypedArrayName,
  type ScalarType,
  scalarTypes,
  type TypedArrayName,
  typedArrayNames,
} from "../../../scheduler/protocol/manifest.ts";
import { openWorker, prepared } from "../../../scripts/bench/worker.ts";
import { forSeeds, type Random } from "../../scheduler/seeds.ts";
import { assert, suite } from "../../support/index.ts";
import { assemble } from "../wasm/assemble.ts";
import { type Outcome, TestRunner } from "./open-runner.ts";
import { scalarModule } from "./scalar-module.ts";

const test = suite("worker/map-kernel");

type Elements = { [index: number]: unknown; length: number } & ArrayBufferView;

const scalars = await scalarModule();

const arrayFor = (name: TypedArrayName, count: number) => new globalThis[name](count) as unknown as Elements;
const resultsFor = (type: ScalarType, count: number) => arrayFor(arrayOf(type), count);

/** An array with any bits. */
function randomArray(random: Random, name: TypedArrayName, count: number): Elements {
  const array = arrayFor(name, count);
  const bytes = new Uint8Array(array.buffer);
  for (let index = 0; index < bytes.length; index++) bytes[index] = random.below(256);
  return array;
}

const errorOf = (outcome: Outcome) => {
  if (!("error" in outcome)) throw new Error("it has ended well");
  const { code, message, data } = outcome.error;
  return { code, message, data };
};

test("each call of a map gives what it gives alone, for all types, with or without a reset after each", () => {
  const [runner, worker] = [new TestRunner(), openWorker()];
  const kernels = scalars.manifest.kernels.filter(({ name }) => name.includes("_"));
  const sites = kernels.map((kernel) => ({
    kernel,
    site: runner.site(scalars, kernel.name, { isMap: true }),
  }));
  forSeeds(400, (random) => {
    const { kernel, site } = random.pick(sites);
    const [from, to] = [kernel.params[0]!.type as ScalarType, kernel.returns as ScalarType];
    const name = random.pick(typedArrayNames.filter((array) => fits(array, from)));
    const length = 1 + random.below(200);
    const start = random.below(length);
    const count = 1 + random.below(length - start);
    const array = randomArray(random, name, length);
    const { results, ...outcome } = runner.map(site, { start, count }, [array], resultsFor(to, length));
    assert.equal(outcome, { value: count });
    const due = resultsFor(to, length);
    for (let index = start; index < start + count; index++) {
      const element = from === "bool" ? array[index] !== 0 : array[index];
      due[index] = worker.run(scalars, kernel.name, [element]);
    }
    // Byte for byte: there is one NaN, and nothing is written beside.
    assert.equal(new Uint8Array(results.buffer, results.byteOffset, results.byteLength), bytesOf(due), name);
  });
});

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  new Uint8Array(buffer, byteOffset, byteLength);

const sums = await prepared(
  assemble(`(module (memory 1)
    (func (export "none") (result i32) (i32.const 5))
    (func (export "two") (param f64 f64) (result f64) (f64.sub (local.get 0) (local.get 1)))
    (func (export "three") (param f64 i32 f64) (result f64)
      (f64.add (f64.mul (local.get 0) (f64.convert_i32_s (local.get 1))) (local.get 2)))
    (func (export "four") (param i64 i64 i64 i64) (result i64)
      (i64.sub (i64.sub (local.get 0) (local.get 1)) (i64.mul (local.get 2) (local.get 3)))))`),
);

test("what is no array is the same for each call, wherever it stands", () => {
  const runner = new TestRunner();
  const run = (kernel: string, args: unknown[], results: Elements) => {
    const site = runner.site(sums, kernel, { isMap: true });
    return [...(runner.map(site, { start: 0, count: 3 }, args, results).results as unknown as number[])];
  };
  const floats = new Float64Array([10, 20, 30]);
  assert.equal(run("none", [], new Int32Array(3)), [5, 5, 5]);
  assert.equal(run("two", [floats, 1], new Float64Array(3)), [9, 19, 29]);
  assert.equal(run("two", [1, floats], new Float64Array(3)), [-9, -19, -29]);
  assert.equal(run("two", [floats, new Int8Array([1, 2, 3])], new Float64Array(3)), [9, 18, 27]);
  assert.equal(run("three", [2, new Int16Array([1, 2, 3]), floats], new Float64Array(3)), [12, 24, 36]);
  const bigs = new BigInt64Array([1n, 2n, 3n]);
  assert.equal(run("four", [bigs, 1n, bigs, 2n], new BigInt64Array(3)), [-2n, -3n, -4n]);
});

test("a call that traps ends the map with its own error and its index, and those before it are done", async () => {
  const module = await prepared(
    assemble(`(module (global $calls (mut i32) (i32.const 0))
      (func (export "pure") (param i32) (result i32)
        (if (i32.eq (local.get 0) (i32.const 170)) (then (unreachable))) (local.get 0))
      (func (export "counts") (param i32) (result i32)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (if (i32.eq (local.get 0) (i32.const 170)) (then (unreachable))) (global.get $calls)))`),
  );
  const runner = new TestRunner();
  const array = Int32Array.from({ length: 300 }, (_, index) => index + 1);
  for (const kernel of ["pure", "counts"]) {
    const alone = errorOf(runner.run(runner.site(module, kernel), [170]));
    const site = runner.site(module, kernel, { isMap: true });
    for (const start of [0, 100, 169]) {
      const outcome = runner.map(site, { start, count: 300 - start }, [array], new Int32Array(300));
      assert.equal(errorOf(outcome), { ...alone, data: { ...alone.data, index: 169 } });
      const done = Array.from({ length: 300 }, (_, index) =>
        index < start || index >= 169 ? 0 : kernel === "pure" ? index + 1 : 1,
      );
      assert.equal([...outcome.results], done);
    }
    assert.equal(runner.run(runner.site(module, kernel), [3]), { value: kernel === "pure" ? 3 : 1 });
  }
});

test("an element that does not fit is refused as it is in a call alone, with its index", () => {
  const runner = new TestRunner();
  const [alone, site] = [runner.site(scalars, "i8_i8"), runner.site(scalars, "i8_i8", { isMap: true })];
  for (const [array, index] of [
    [new Float64Array([1, 2, 0.5]), 2],
    [new Int32Array([1, 128, 2]), 1],
    [new BigInt64Array([1n, 1n, 1n]), 0],
    [new Int8Array(2), 2],
  ] as const) {
    const due = errorOf(runner.run(alone, [array[index]]));
    const outcome = runner.map(site, { start: 0, count: 3 }, [array], new Int8Array(3));
    assert.equal(errorOf(outcome), { ...due, data: { ...due.data, index } });
  }
  const fitting = runner.map(site, { start: 0, count: 3 }, [new Float64Array([1, 2, -3])], new Int8Array(3));
  assert.equal([...fitting.results], [3, 6, -9]);
  const due = errorOf(runner.run(alone, [true]));
  const constant = runner.map(site, { start: 4, count: 3 }, [true], new Int8Array(9));
  assert.equal(errorOf(constant), { ...due, data: { ...due.data, index: 4 } });
  assert.is(errorOf(runner.map(site, { start: 4, count: 3 }, [], new Int8Array(9))).data!.index, 4);
});

test("a map ends within 64 calls of being told to, wherever it is", () => {
  for (const kernel of ["i32_i32", "leaves_i32_i32"]) {
    const runner = new TestRunner();
    const site = runner.site(scalars, kernel, { isMap: true });
    forSeeds(30, (random) => {
      const stopAt = random.below(900);
      let begunCount = 0;
      runner.begun = () => {
        if (begunCount++ === stopAt) runner.stop();
      };
      const outcome = runner.map(
        site,
        { start: 0, count: 1_000 },
        [new Int32Array(1_000)],
        new Int32Array(1_000),
      );
      const { code, data } = errorOf(outcome);
      assert.is(code, "TASK_CANCELLED");
      const late = (data!.index as number) - stopAt;
      assert.ok(late >= -1 && late <= 64, `${late} calls late`);
    });
  }
});

test("each call of a map has a seed of its own, by its index in the whole map", async () => {
  const module = await prepared(
    assemble(`(module (import "wray" "random" (func $random (result f64)))
      (func (export "draw") (result f64) (call $random)))`),
  );
  const runner = new TestRunner();
  const own = { seed: { kind: "item" } } as const;
  const alone = runner.site(module, "draw", own);
  const due = Array.from(
    { length: 20 },
    (_, index) => runner.run(alone, [`s.${index}`]) as { value: number },
  );
  const site = runner.site(module, "draw", { ...own, isMap: true });
  for (const start of [0, 7]) {
    const { results } = runner.map(site, { start, count: 13 }, [], new Float64Array(20), "s");
    assert.equal(
      [...results].slice(start, start + 13),
      due.slice(start, start + 13).map(({ value }) => value),
    );
  }
  const numbered = runner.site(module, "draw", { seed: { kind: "numbered", prefix: "task-" } });
  const map = runner.site(module, "draw", { seed: { kind: "numbered", prefix: "task-" }, isMap: true });
  const { results } = runner.map(map, { start: 0, count: 2 }, [], new Float64Array(2));
  assert.is.not(results[0], (runner.run(numbered, []) as { value: number }).value);
  assert.is.not(results[0], results[1]);
});

test("each call of a map has its own time", async () => {
  const module = await prepared(
    assemble(`(module (func (export "spin") (param i32) (result i32)
      (if (local.get 0) (then (loop $again (br $again)))) (i32.const 1)))`),
  );
  const runner = new TestRunner();
  const limits = { ...defaultLimits, timeoutMs: 5 };
  const site = runner.site(module, "spin", { isMap: true, limits });
  const array = Int32Array.from({ length: 200 }, (_, index) => Number(index === 150));
  const { code, data } = errorOf(runner.map(site, { start: 0, count: 200 }, [array], new Int32Array(200)));
  assert.equal([code, data!.index], ["TASK_TIMEOUT", 150]);
});

test("the calls of a map that needs new instances get them, with what their starts are told", async () => {
  const module = await prepared(
    assemble(`(module (import "wray" "random" (func $random (result f64)))
      (global $first (mut f64) (f64.const 0)) (start $start)
      (func $start (global.set $first (call $random)))
      (func (export "first") (result f64) (global.get $first)))`),
  );
  const runner = new TestRunner();
  const own = { seed: { kind: "item" } } as const;
  const [alone, site] = [
    runner.site(module, "first", own),
    runner.site(module, "first", { ...own, isMap: true }),
  ];
  const { results } = runner.map(site, { start: 0, count: 4 }, [], new Float64Array(4), "s");
  assert.equal(
    [...results],
    [0, 1, 2, 3].map((index) => (runner.run(alone, [`s.${index}`]) as { value: number }).value),
  );
});

test("a kernel of a map can't submit, since nobody would know of which call", async () => {
  const module = await prepared(
    assemble(`(module (import "wray" "put_float" (func $put (param f64) (result i32)))
      (func (export "puts") (param f64) (result i32) (call $put (local.get 0))))`),
  );
  const runner = new TestRunner();
  const site = runner.site(module, "puts", { isMap: true });
  const outcome = runner.map(site, { start: 0, count: 2 }, [new Float64Array(2)], new Int32Array(2));
  assert.is(errorOf(outcome).code, "TASK_ERROR");
  assert.match(errorOf(outcome).message, /can't submit tasks or put values/);
});

test("arrayOf() holds each value of its type, and fits() says so", () => {
  for (const type of scalarTypes) {
    const name = arrayOf(type);
    assert.ok(isTypedArrayName(name) && fits(name, type), type);
  }
  assert.ok(fits("Uint8Array", "i32") && fits("Uint32Array", "f64") && fits("Float64Array", "f32"));
  assert.not(fits("Uint32Array", "i32") || fits("Int8Array", "u32") || fits("Float32Array", "i32"));
  assert.not(fits("BigInt64Array", "f64") || fits("BigUint64Array", "i64") || fits("Int8Array", "bool"));
});
