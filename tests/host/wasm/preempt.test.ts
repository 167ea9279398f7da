import { fuelBudget, mostTurnsUnits } from "../../../host/wasm/fuel.ts";
import { assert, suite } from "../../support/index.ts";
import { assemble } from "./assemble.ts";
import { instantiate } from "./prepared.ts";

const test = suite("prepareModule, preemption");

/** Code that never ends by itself. */
const endless: Record<string, string> = {
  "an empty loop": "(func $f (loop (br 0)))",
  "a loop that branches from deep inside": `(func $f (loop $l (block (block (if (i32.const 1) (then (block (br $l))))))))`,
  "a loop by br_table": "(func $f (loop (br_table 0 0 (i32.const 3))))",
  "a loop by br_if with a value": "(func $f (loop (br_if 0 (i32.const 1))))",
  "a loop with parameters": "(func $f (i32.const 1) (loop (param i32) (br 0)))",
  "nested loops of which only the outer goes on": `(func $f (loop $a (loop $b (nop)) (loop $c (nop)) (br $a)))`,
  "a loop around one that may be skipped": `(func $f (loop $a (if (i32.const 0) (then (loop $b (br_if $b (i32.const 0))))) (br $a)))`,
  "a loop that goes round before one within": `(func $f (loop $a (br_if $a (i32.const 1)) (loop $b (br $b))))`,
  "a loop that leaves one within": `(func $f (loop $a (loop $b (br $a))))`,
  "a loop that calls a leaf": "(func $leaf) (func $f (loop (call $leaf) (br 0)))",
  "a loop that calls the host": "(func $f (loop (call $host) (br 0)))",
  "a loop that handles what it throws": "(func $f (loop $l (try (do (throw $e)) (catch_all (br $l)))))",
  "a loop in a handler": "(func $f (try (do (throw $e)) (catch_all (loop (br 0)))))",
  "a loop that catches everything in each turn": `(func $inner (loop (br 0)))
    (func $f (loop $l (try (do (call $inner)) (catch_all)) (br $l)))`,
  "recursion by tail calls": "(func $f (return_call $f))",
  "recursion by tail calls through a table": "(func $f (return_call_indirect (i32.const 0)))",
  "two functions that tail-call each other": "(func $g (return_call $f)) (func $f (return_call $g))",
  "recursion that doubles": `(func $deep (param i32)
      (if (local.get 0) (then
        (call $deep (i32.sub (local.get 0) (i32.const 1))) (call $deep (i32.sub (local.get 0) (i32.const 1))))))
    (func $f (call $deep (i32.const 64)))`,
  "memory.fill again and again": `(func $f (loop
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (br 0)))`,
  "memory.grow by nothing": "(func $f (loop (drop (memory.grow (i32.const 0))) (br 0)))",
  "table.fill again and again": `(func $f (loop
      (table.fill (i32.const 0) (ref.func $f) (i32.const 100)) (br 0)))`,
  "a wait for ever": `(func $f (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))`,
};

const moduleOf = (code: string) => {
  const memory = code.includes("atomic") ? "(memory 1 1 shared)" : "(memory 1)";
  return assemble(`(module (import "env" "host" (func $host)) (tag $e) ${memory}
    (table 100 funcref) (elem (i32.const 0) $f) ${code} (export "f" (func $f)))`);
};

const imports = { env: { host: () => {} } };

for (const [what, code] of Object.entries(endless)) {
  test(`code is stopped by a trap when it is ${what}`, () => {
    const last = 5;
    const { functions, asked } = instantiate(moduleOf(code), {
      imports,
      answer: (count) => (count < last ? fuelBudget : 0),
    });
    assert.throws(() => functions.f!(), /unreachable/);
    assert.ok(asked() >= last, `${asked()}`);
  });
}

test("a start function is stopped, too", () => {
  const bytes = assemble("(module (func $f (loop (br 0))) (start $f))");
  let count = 0;
  const answer = () => (++count < 5 ? fuelBudget : 0);
  assert.throws(() => instantiate(bytes, { answer }), /unreachable/);
  assert.is(count, 5);
});

test("code is stopped by what the host throws when it has no handlers", () => {
  const { functions } = instantiate(assemble(`(module (func (export "f") (loop (br 0))))`), {
    answer: () => {
      throw new RangeError("enough");
    },
  });
  assert.throws(() => functions.f!(), "enough");
});

test("no handler catches what the host throws, nor an overflow of the stack while it is asked", () => {
  // Recursion without end in which each call catches whatever happens below it, and goes on.
  const bytes = assemble(
    `(module (func $f (export "f") (loop $l (try (do (call $f)) (catch_all)) (br $l))))`,
  );
  for (const answer of [
    () => {
      throw new Error("enough");
    },
    (count: number) => (count < 50 ? fuelBudget : 0),
  ]) {
    assert.throws(() => instantiate(bytes, { answer }).functions.f!(), /unreachable|call stack/);
  }
});

test("code goes on after a stop with what is left, and asks at once", () => {
  const { functions, asked } = instantiate(moduleOf(endless["an empty loop"]!), { imports, answer: () => 0 });
  for (let call = 1; call <= 3; call++) {
    assert.throws(() => functions.f!(), /unreachable/);
    assert.is(asked(), call);
  }
});

/** How many units a task may compute between two looks. */
const longest = fuelBudget + mostTurnsUnits;

/** Work that is known to take so many steps, each of which takes 100 ns at most. */
const counted: Record<string, [code: string, steps: (n: number) => number]> = {
  "loads in a loop": [
    `(func $f (param $n i32) (local $p i32) (loop $l
      (local.set $p (i32.load (local.get $p)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))`,
    (n) => n,
  ],
  "many loads in one turn": [
    `(func $f (param $n i32) (local $p i32) (loop $l ${"(local.set $p (i32.load (local.get $p)))".repeat(200)}
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))`,
    (n) => 200 * n,
  ],
  "loads in arms that are jumped to": [
    `(func $f (param $n i32) (local $p i32) (loop $l
      ${"(block (br_if 0 (i32.eqz (local.get $n))) (local.set $p (i32.load (local.get $p))))".repeat(200)}
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))`,
    (n) => 200 * n,
  ],
  "loads in a function that is called": [
    `(func $g (param $p i32) (result i32) ${"(i32.load ".repeat(100)} (local.get $p) ${")".repeat(100)})
     (func $f (param $n i32) (loop $l (drop (call $g (i32.const 0)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))`,
    (n) => 100 * n,
  ],
  "loads in loops of a deep recursion, on the way back": [
    `(func $f (param $n i32) (local $p i32) (local $i i32)
      (loop $a (local.set $p (i32.load (local.get $p)))
        (br_if $a (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 70))))
      (if (local.get $n) (then (call $f (i32.sub (local.get $n) (i32.const 1)))))
      (local.set $i (i32.const 0))
      (loop $b (local.set $p (i32.load (local.get $p)))
        (br_if $b (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 70)))))`,
    (n) => 140 * n,
  ],
  "memory.fill, 256 bytes a step": [
    `(func $f (param $n i32) (loop $l (memory.fill (i32.const 0) (i32.const 0) (i32.const 65536))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))`,
    (n) => (65_536 / 256) * n,
  ],
  "calls of a leaf": [
    `(func $g (param i32) (result i32) (i32.load (i32.load (i32.load (local.get 0)))))
     (func $f (param $n i32) (loop $l
      ${"(drop (call $g (i32.const 0)))".repeat(50)}
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))`,
    (n) => 150 * n,
  ],
};

for (const [what, [code, steps]] of Object.entries(counted)) {
  test(`the host is asked for every ${longest} steps when code does ${what}`, () => {
    const { functions, asked } = instantiate(moduleOf(code), { imports });
    const n = 4_000;
    functions.f!(n);
    assert.ok(asked() >= Math.floor(steps(n) / longest), `asked ${asked()} times in ${steps(n)} steps`);
  });
}

test("the host is asked during one large memory.fill and one large memory.copy", () => {
  const bytes = assemble(`(module (memory 2000)
    (func (export "fill") (memory.fill (i32.const 0) (i32.const 1) (i32.const 131072000)))
    (func (export "copy") (memory.copy (i32.const 0) (i32.const 1) (i32.const 131071999))))`);
  const { functions, asked } = instantiate(bytes, { maximumPages: 2_000 });
  functions.fill!();
  const forFill = asked();
  assert.ok(forFill >= 125 / 9, `${forFill}`);
  functions.copy!();
  assert.ok(asked() >= 2 * forFill - 1, `${asked()}`);
});

test("code is not stopped when it is prepared without preemption", () => {
  const bytes = assemble(`(module (func (export "f") (param i32) (loop
    (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))`);
  const { functions, asked, preparation } = instantiate(bytes, { preempt: false, answer: () => 0 });
  functions.f!(1_000_000);
  assert.is(asked(), 0);
  assert.equal(WebAssembly.Module.imports(new WebAssembly.Module(preparation.bytes)), []);
});

test("short functions that call nothing are left as they are", () => {
  const bytes = assemble(`(module (func (export "add") (param f64 f64) (result f64)
    (f64.add (local.get 0) (local.get 1))))`);
  const { functions, asked } = instantiate(bytes, { answer: () => 0 });
  for (let call = 0; call < 100_000; call++) assert.is(functions.add!(call, 1), call + 1);
  assert.is(asked(), 0);
});
