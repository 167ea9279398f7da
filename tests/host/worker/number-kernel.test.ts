import { toWireError } from "../../../scheduler/protocol/errors.ts";
import { defaultLimits } from "../../../scheduler/protocol/limits.ts";
import { openWorker, prepared } from "../../../scripts/bench/worker.ts";
import { forSeeds } from "../../scheduler/seeds.ts";
import { assert, suite } from "../../support/index.ts";
import { assemble } from "../wasm/assemble.ts";
import { Encoded, kernelOf, type Outcome, TestRunner } from "./open-runner.ts";
import { randomValue, scalarModule } from "./scalar-module.ts";

const test = suite("worker/number-kernel");

const scalars = await scalarModule();

/** What is to be the same however a call is run. */
const told = (outcome: Outcome) => {
  if ("value" in outcome) return outcome;
  const { code, message, remedy, data } = outcome.error;
  return { code, message, remedy, data };
};

test("run() gives what Sandbox.run gives, for numbers of all types and for whatever does not fit them", () => {
  const [runner, worker] = [new TestRunner(), openWorker()];
  const sites = scalars.manifest.kernels.map(({ name }) => [name, runner.site(scalars, name)] as const);
  forSeeds(3_000, (random) => {
    const [name, site] = random.pick(sites);
    const args = Array.from({ length: random.happens(0.05) ? random.below(4) : 1 }, () =>
      randomValue(random),
    );
    let due: Outcome;
    try {
      due = { value: worker.run(scalars, name, args) };
    } catch (error) {
      due = { error: JSON.parse(JSON.stringify(toWireError(error))) };
    }
    const outcome = runner.run(site, args);
    assert.equal(told(outcome), told(due), `${name}(${args.map(String)})`);
    if ("value" in outcome && "value" in due) assert.ok(Object.is(outcome.value, due.value), name);
  });
});

test("run() knows one NaN only, whatever bits an argument has, and gives that", async () => {
  const module = await prepared(
    assemble(`(module
      (func (export "bits") (param f64) (result f64)
        (f64.convert_i64_u (i64.shr_u (i64.reinterpret_f64 (local.get 0)) (i64.const 32))))
      (func (export "nan") (param f64) (result f64)
        (f64.reinterpret_i64 (i64.const 0xfff8000000000001))))`),
  );
  const runner = new TestRunner();
  const [bits, nan] = [runner.site(module, "bits"), runner.site(module, "nan")];
  // The instance has to be there before the fast way is taken.
  for (const site of [bits, nan]) runner.run(site, [1]);
  const odd = new Uint8Array(16);
  odd.set([3]);
  odd.set([1, 0, 0, 0, 0, 0, 0xf8, 0xff], 8);
  assert.equal(runner.run(bits, [new Encoded(odd)]), { value: 0x7ff8_0000 });
  assert.equal(runner.run(nan, [1]), { value: Number.NaN });
  assert.equal([...runner.resultWords], [3, 0, 0, 0x7ff8_0000]);
});

test("a kernel with defaults is told how many arguments there are, each time", async () => {
  const text = `(module (global $count (mut i32) (i32.const -1))
    (func (export "__setArgumentsLength") (param i32) (global.set $count (local.get 0)))
    (func (export "given") (param i32 f64 f64 i32) (result i32) (global.get $count)))`;
  const module = await prepared(assemble(text));
  const kernel = kernelOf("given", ["i32", "f64", "f64", "i32"], "i32");
  const params = kernel.params.map((param) => ({ ...param, optional: true as const }));
  const withDefaults = { ...module, manifest: { ...module.manifest, kernels: [{ ...kernel, params }] } };
  const runner = new TestRunner();
  const site = runner.site(withDefaults, "given");
  for (const args of [[1], [1, 2, 3], [], [1, 2, 3, 4], [1, 2]]) {
    assert.equal(runner.run(site, args), { value: args.length });
    assert.equal(runner.run(site, [...args, undefined].slice(0, 4)), { value: args.length });
  }
});

test("the seed of a call is its own, when it has one, and is found behind its arguments", async () => {
  const module = await prepared(
    assemble(`(module (import "wray" "random" (func $random (result f64)))
      (func (export "draw") (param f64) (result f64) (call $random)))`),
  );
  const runner = new TestRunner();
  const [own, numbered] = [
    runner.site(module, "draw", { seed: { kind: "item" } }),
    runner.site(module, "draw", { seed: { kind: "numbered", prefix: "task-" } }),
  ];
  const drawn = (seed: string) => (runner.run(own, [1, seed]) as { value: number }).value;
  const first = drawn("task-0");
  assert.is(drawn("task-0"), first);
  assert.is.not(drawn("task-1"), first);
  // The number of the call in the slot is 0.
  assert.equal(runner.run(numbered, [1]), { value: first });
});

test("a result that may have fewer bytes than a number has is refused, whoever runs it", () => {
  const runner = new TestRunner();
  const site = runner.site(scalars, "f64_f64", { limits: { ...defaultLimits, maxResultBytes: 15 } });
  for (let round = 0; round < 2; round++) {
    const outcome = runner.run(site, [1]) as { error: { code: string } };
    assert.is(outcome.error.code, "LIMIT_EXCEEDED");
  }
});
