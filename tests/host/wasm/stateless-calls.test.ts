import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { compileOnce, root } from "../../kernels/asc.ts";
import { forSeeds, type Random } from "../../scheduler/seeds.ts";
import { assert, suite } from "../../support/index.ts";
import { assemble } from "./assemble.ts";
import { instantiate, type Prepared } from "./prepared.ts";
import { opened, stateOf } from "./state.ts";

const test = suite("stateless functions, before and after");

/** Numbers at the edges of types, and addresses in and out of memory. */
const edges = [0, 1, -1, 7, 256, 60_000, 65_535, 131_070, 2 ** 31 - 1, -(2 ** 31), 1e30, Number.NaN, 0.5];

/** Calls with numbers, or with bigints if it takes those; it may take both. @returns how it ended */
function callAnyhow(run: (...args: never[]) => unknown, random: Random): string {
  const numbers = Array.from({ length: run.length }, () => random.pick(edges));
  const kinds = [() => false, () => true, () => random.happens(0.5)];
  for (const isBig of kinds) {
    const args = numbers.map((number) => (isBig() ? BigInt(Math.trunc(number) || 0) : number));
    try {
      run(...(args as never[]));
      return "returned";
    } catch (error) {
      if (!(error instanceof TypeError) && !(error instanceof SyntaxError)) return (error as Error).message;
    }
  }
  return "not called";
}

/** Calls functions that are claimed stateless, and looks at all that a module has. @returns how the calls ended */
function callAll(instance: Prepared, random: Random, callCount: number): string[] {
  const { stateless } = instance.preparation;
  const before = stateOf(instance);
  return Array.from({ length: stateless.length === 0 ? 0 : callCount }, () => {
    const name = random.pick(stateless);
    const ending = callAnyhow(instance.functions[name]!, random);
    const after = stateOf(instance);
    assert.ok(before.memory.equals(after.memory), `memory, by ${name}`);
    assert.equal(after.others, before.others, name);
    return ending;
  });
}

const isOneOf = (endings: Iterable<string>, ending: string) =>
  assert.ok(
    [...endings].some((each) => each.includes(ending)),
    `${ending}, of ${[...endings].join()}`,
  );

/** Few answers, then none: what runs for ever ends soon. */
const impatient = () => ({ answer: (count: number) => (count % 3 === 0 ? 0 : 32_768) });
const abort = () => {
  throw new Error("abort");
};

const fixtures = "tests/host/wasm/fixtures";
const read = async (path: string) => Uint8Array.from(await readFile(join(root, path)));
const corpus: Record<string, () => Promise<Uint8Array<ArrayBuffer>>> = {
  "programs of asc": async () =>
    Uint8Array.from(
      await readFile(await compileOnce(`${fixtures}/numeric.ts`, ["--config", `${fixtures}/asconfig.json`])),
    ),
  "xxhash-wasm": () => read("node_modules/xxhash-wasm/workerd/xxhash.wasm"),
  ...Object.fromEntries(
    ["linalg", "math", "physics", "vector"].map((name) => [name, () => read(`dist/std/${name}.wasm`)]),
  ),
};

for (const [what, bytes] of Object.entries(corpus)) {
  test(
    `they leave ${what} as it was`,
    async () => {
      const instance = instantiate(opened(await bytes()), { imports: { env: { abort } }, ...impatient() });
      forSeeds(30, (random) => void callAll(instance, random, 5));
    },
    { timeoutMs: 120_000 },
  );
}

const pure = [
  "(drop (i32.load (local.get 0)))",
  "(drop (v128.load offset=9 (local.get 0)))",
  "(drop (i32.div_s (i32.const 1) (local.get 0)))",
  "(local.set 0 (i32.add (local.get 0) (global.get $g)))",
  "(loop $l (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if $l (local.get 0)))",
  "(if (i32.eq (local.get 0) (i32.const 7)) (then (unreachable)))",
];
const impure = [
  "(i32.store (i32.const 8) (i32.const 77))",
  "(v128.store64_lane 1 (i32.const 80) (v128.const i64x2 7 7))",
  "(drop (i32.atomic.rmw.add (i32.const 160) (i32.const 5)))",
  "(memory.fill (i32.const 100) (i32.const 6) (i32.const 9))",
  "(drop (memory.grow (i32.const 1)))",
  "(global.set $g (i32.add (global.get $g) (i32.const 1)))",
  "(table.set $t (i32.const 1) (ref.func 0))",
  "(call_indirect (param i32) (i32.const 0) (i32.const 0))",
];

/** A module of functions that call each other at random; every fifth changes something by itself. */
function randomModule(random: Random): Uint8Array<ArrayBuffer> {
  const functionCount = 3 + random.below(8);
  const functions = Array.from({ length: functionCount }, (_, index) => {
    const code = Array.from({ length: random.below(4) }, () => random.pick(pure));
    if (index === 0 || random.happens(0.2)) code.push(random.pick(impure));
    for (let calls = random.below(3); calls > 0; calls--) {
      // The number gets smaller by each, until loads fail.
      const depth = `(i32.sub (local.get 0) (i32.const ${1 + random.below(1_000)}))`;
      code.splice(random.below(code.length + 1), 0, `(call ${random.below(functionCount)} ${depth})`);
    }
    return `(func (export "f${index}") (param i32) ${code.join(" ")})`;
  });
  return assemble(`(module (memory 1) (table $t 2 funcref) (elem $t (i32.const 0) func 0)
    (global $g (mut i32) (i32.const 3)) (data (i32.const 60000) "data") ${functions.join("\n")})`);
}

test("they leave random modules as they were, whether they return, trap or run out of fuel or stack", () => {
  const endings = new Set<string>();
  let [claimed, all] = [0, 0];
  forSeeds(150, (random) => {
    const instance = instantiate(opened(randomModule(random)), impatient());
    claimed += instance.preparation.stateless.length;
    all += WebAssembly.Module.exports(new WebAssembly.Module(instance.preparation.bytes)).filter(({ name }) =>
      /^f\d+$/.test(name),
    ).length;
    for (const ending of callAll(instance, random, 6)) endings.add(ending);
  });
  assert.ok(claimed > all / 10 && claimed < all / 2, `${claimed} of ${all}`);
  for (const ending of ["returned", "unreachable", "divide by zero", "out of bounds"])
    isOneOf(endings, ending);
});

test("they leave an instance as it was when the stack overflows in them, and when fuel runs out", () => {
  const text = `(module (memory 1) (global $g (mut i32) (i32.const 3))
    (func $deep (export "deep") (param i32) (result i32)
      (i32.add (call $deep (i32.load (i32.const 4))) (local.get 0)))
    (func (export "endless") (loop $l (br $l))))`;
  for (const [answer, ending] of [
    [() => 32_768, "Maximum call stack size exceeded"],
    [() => 0, "unreachable"],
  ] as const) {
    const instance = instantiate(opened(assemble(text)), { answer });
    const before = stateOf(instance);
    assert.equal(instance.preparation.stateless, ["deep", "endless"]);
    assert.throws(() => instance.functions.deep!(1), ending);
    if (ending === "unreachable") assert.throws(() => instance.functions.endless!(), ending);
    assert.equal(stateOf(instance), before);
  }
});
