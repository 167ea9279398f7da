import { prepareModule } from "../../../host/wasm/prepare.ts";
import type { Instance } from "../../../host/worker/instance.ts";
import { openWorker, prepared } from "../../../scripts/bench/worker.ts";
import { assert, suite } from "../../support/index.ts";
import { assemble } from "../wasm/assemble.ts";

const test = suite("worker/instance, residue");

/** A module whose kernel `plant` leaves a secret, and whose `look` returns a number that tells whether it is there. */
type Case = {
  place: string;
  declared: string;
  plant: string;
  look: string;
  /** Whether an instance can be put back, and so serves the next task. */
  isReused: boolean;
};

const inMemory = (place: string, address: number): Case => ({
  ...{ place, isReused: true, declared: `(memory 2) (data (i32.const 1024) "\\01\\02\\03")` },
  plant: `(i32.store8 (i32.const ${address}) (i32.const 77))`,
  look: `(i32.load8_u (i32.const ${address}))`,
});

const inGlobal = (type: string, secret: string, look: string, exported = ""): Case => ({
  ...{ place: `a global of type ${type} ${exported}`, isReused: true },
  declared: `(elem declare func $named) (func $named)
    (global $secret ${exported} (mut ${type}) (${type.endsWith("ref") ? "ref.null func" : first(type)}))`,
  plant: `(global.set $secret (${secret}))`,
  look: `(i32.eqz (${look}))`,
});
const first = (type: string) => (type === "v128" ? "v128.const i64x2 1 2" : `${type}.const 5`);

const inTable = (
  what: string,
  plant: string,
  look = "(ref.is_null (table.get $table (i32.const 1)))",
): Case => ({
  ...{ place: `a table, by ${what}`, isReused: false, plant, look },
  declared: `(table $table 4 8 funcref) (table $other 4 funcref) (func $named)
    (elem $segment funcref (ref.func $named) (ref.func $named))
    (elem (table $other) (i32.const 0) funcref (ref.func $named))`,
});

const cases: Case[] = [
  inMemory("the first byte of memory", 0),
  inMemory("a data segment", 1025),
  inMemory("memory behind all data", 1031),
  inMemory("the middle of memory", 70_000),
  inMemory("the last byte of memory", 131_071),
  {
    ...{ place: "memory of a module that fills it to the end", isReused: true },
    declared: `(memory 1) (data (i32.const 65535) "\\01")`,
    plant: "(memory.fill (i32.const 0) (i32.const 1) (i32.const 65535))",
    look: "(i32.add (i32.load8_u (i32.const 9)) (i32.load8_u (i32.const 65535)))",
  },
  {
    ...{ place: "a data segment that a task has zeroed", isReused: true },
    declared: `(memory 1) (data (i32.const 8) "\\01\\02\\03\\04")`,
    plant: "(i32.store (i32.const 8) (i32.const 0))",
    look: "(i32.load (i32.const 8))",
  },
  {
    ...{ place: "shared memory", isReused: true, declared: "(memory 1 4 shared)" },
    plant: "(i32.atomic.store (i32.const 65532) (i32.const 77))",
    look: "(i32.load (i32.const 65532))",
  },
  {
    ...{ place: "the size of shared memory", isReused: false, declared: "(memory 1 4 shared)" },
    plant: "(drop (memory.grow (i32.const 2)))",
    look: "(memory.size)",
  },
  {
    ...{ place: "grown memory, and its size", isReused: false, declared: "(memory 1)" },
    plant: "(drop (memory.grow (i32.const 3))) (i32.store (i32.const 200000) (i32.const 77))",
    look: "(memory.size)",
  },
  {
    ...{ place: "memory that was grown by nothing", isReused: false, declared: "(memory 1)" },
    plant: "(drop (memory.grow (i32.const 0))) (i32.store (i32.const 2000) (i32.const 77))",
    look: "(i32.load (i32.const 2000))",
  },
  {
    ...{ place: "shared memory that was grown by nothing", isReused: true, declared: "(memory 1 4 shared)" },
    plant: "(drop (memory.grow (i32.const 0))) (i32.store (i32.const 2000) (i32.const 77))",
    look: "(i32.load (i32.const 2000))",
  },
  {
    ...{ place: "memory that was none before it grew", isReused: false, declared: "(memory 0)" },
    plant: "(drop (memory.grow (i32.const 1))) (i32.store (i32.const 0) (i32.const 77))",
    look: "(memory.size)",
  },
  inGlobal("i32", "i32.const 77", "i32.eq (global.get $secret) (i32.const 5)"),
  inGlobal("i64", "i64.const -77", "i64.eq (global.get $secret) (i64.const 5)"),
  inGlobal("f32", "f32.const nan:0x200001", "f32.eq (global.get $secret) (f32.const 5)"),
  inGlobal("f64", "f64.const 0.77", "f64.eq (global.get $secret) (f64.const 5)"),
  inGlobal("i64", "i64.const 77", "i64.eq (global.get $secret) (i64.const 5)", '(export "secret")'),
  inGlobal("funcref", "ref.func $named", "ref.is_null (global.get $secret)"),
  inGlobal(
    "v128",
    "v128.const i64x2 1 77",
    "i64.eq (i64x2.extract_lane 1 (global.get $secret)) (i64.const 2)",
  ),
  {
    ...{ place: "the bits of a global that is no number", isReused: true },
    declared: "(global $nan (mut f32) (f32.const nan:0x200001))",
    plant: "(global.set $nan (f32.const nan:0x400000))",
    look: "(i32.reinterpret_f32 (global.get $nan))",
  },
  inTable("table.set", "(table.set $table (i32.const 1) (ref.func $named))"),
  inTable("table.fill", "(table.fill $table (i32.const 0) (ref.func $named) (i32.const 2))"),
  inTable("table.copy", "(table.copy $table $other (i32.const 1) (i32.const 0) (i32.const 1))"),
  inTable("table.init", "(table.init $table $segment (i32.const 1) (i32.const 0) (i32.const 1))"),
  inTable("table.grow", "(drop (table.grow $table (ref.null func) (i32.const 2)))", "(table.size $table)"),
  {
    ...{ place: "a table of the host's references", isReused: false, declared: "(table $table 4 externref)" },
    plant: "(drop (table.grow $table (ref.null extern) (i32.const 1)))",
    look: "(table.size $table)",
  },
  {
    ...{ place: "a data segment that was dropped", isReused: false },
    declared: `(memory 1) (data $segment "\\01\\02")`,
    plant: "(data.drop $segment)",
    look: "(memory.init $segment (i32.const 0) (i32.const 0) (i32.const 2)) (i32.load (i32.const 0))",
  },
  {
    ...{ place: "an element segment that was dropped", isReused: false },
    declared: "(table $table 2 funcref) (func $named) (elem $segment func $named)",
    plant: "(elem.drop $segment)",
    look: `(table.init $table $segment (i32.const 0) (i32.const 0) (i32.const 1))
      (ref.is_null (table.get $table (i32.const 0)))`,
  },
];

const moduleOf = ({ declared, plant, look }: Case) =>
  prepared(
    assemble(
      `(module ${declared} (func (export "plant") ${plant}) (func (export "look") (result i32) ${look}))`,
    ),
  );

/** What a call returns, or how it fails. */
function outcome(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return String(error);
  }
}
const look = (instance: Instance) => outcome(() => instance.call("look", []));

for (const each of cases) {
  test(`a task finds no secret in ${each.place}; in an instance that was not put back it would`, async () => {
    const module = await moduleOf(each);
    const worker = openWorker();
    const pristine = look(worker.instantiate(module));
    assert.is(worker.run(module, "look"), pristine);

    const leaking = worker.instantiate(module);
    leaking.call("plant", []);
    assert.is.not(look(leaking), pristine);

    const instance = worker.instantiate(module);
    instance.call("plant", []);
    assert.is(instance.reset(), each.isReused);
    if (each.isReused) assert.is(look(instance), pristine);

    const before = worker.instanceCount();
    for (let round = 0; round < 3; round++) {
      worker.run(module, "plant");
      assert.is(worker.run(module, "look"), pristine);
    }
    const fresh = worker.instanceCount() - before;
    assert.is(fresh === 0, each.isReused, `${fresh} instances for 6 tasks`);
  });
}

test("prepareModule() says of what an instance can't be put back", () => {
  for (const each of cases.filter(({ place }) => /table|dropped/.test(place))) {
    const { declared, plant } = each;
    const text = `(module ${declared} (func (export "plant") ${plant}))`;
    assert.is(
      prepareModule(assemble(text), { preempt: true, tableEntries: 100 }).isReusable,
      false,
      each.place,
    );
  }
});
