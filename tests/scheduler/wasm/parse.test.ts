import { readNames } from "../../../scheduler/wasm/names.ts";
import { customSection, parseModule } from "../../../scheduler/wasm/parse.ts";
import { assemble } from "../../host/wasm/assemble.ts";
import { assert, suite, throwsCode } from "../../support/index.ts";

const test = suite("wasm/parse");

const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const module = (...bytes: number[]) => Uint8Array.of(...magic, ...bytes);
const text = (text: string) => [text.length, ...Buffer.from(text)];
const refusal = (bytes: Uint8Array<ArrayBuffer>) =>
  throwsCode(() => parseModule(bytes, "x.wasm"), "MODULE_REJECTED").message;

test("parseModule() gives what a module declares", () => {
  const { types, imports, functions, importedFunctionCount, ...rest } = parseModule(
    assemble(`(module
      (type (func (param i32 i64) (result f64)))
      (import "env" "f" (func (type 0)))
      (import "env" "t" (table 1 2 externref))
      (import "env" "e" (tag (param i32)))
      (memory 1 3) (table 4 funcref)
      (global (mut v128) (v128.const i32x4 0 0 0 0)) (global f32 (f32.const 1))
      (func $g (type 0) (f64.const 0)) (func $s)
      (export "g" (func $g)) (export "m" (memory 0)) (start $s))`),
  );
  assert.equal(types[0], { params: [0x7f, 0x7e], results: [0x7c] });
  assert.equal(imports, [
    { module: "env", name: "f", kind: "function" },
    { module: "env", name: "t", kind: "table" },
    { module: "env", name: "e", kind: "tag" },
  ]);
  assert.equal([functions.length, functions[1], importedFunctionCount], [3, 0, 1]);
  assert.equal(
    rest.tables.map(({ limits }) => limits),
    [
      { initial: 1, maximum: 2, isShared: false },
      { initial: 4, maximum: undefined, isShared: false },
    ],
  );
  assert.equal(rest.memories, [{ initial: 1, maximum: 3, isShared: false }]);
  assert.equal(
    rest.globals.map(({ type, isMutable }) => [type, isMutable]),
    [
      [0x7b, true],
      [0x7d, false],
    ],
  );
  assert.equal(rest.exports, [
    { name: "g", kind: "function", index: 1 },
    { name: "m", kind: "memory", index: 0 },
  ]);
  assert.equal([rest.start, rest.tagCount], [2, 1]);
});

test("parseModule() keeps names as they are when an object would treat them otherwise", () => {
  const { imports, exports } = parseModule(
    assemble(
      `(module (import "__proto__" "constructor" (func)) (export "__proto__" (func 0)) (export "" (func 0)))`,
    ),
  );
  assert.equal(imports, [{ module: "__proto__", name: "constructor", kind: "function" }]);
  assert.equal(
    exports.map(({ name }) => name),
    ["__proto__", ""],
  );
});

test("customSection() gives the first section of a name", () => {
  const parsed = parseModule(module(0, 3, ...text("a"), 7, 0, 3, ...text("a"), 8, 0, 2, ...text("b")));
  assert.equal(customSection(parsed, "a"), Uint8Array.of(7));
  assert.equal(customSection(parsed, "b"), Uint8Array.of());
  assert.is(customSection(parsed, "c"), undefined);
});

test("readNames() gives the names of a module, its functions and their parameters", () => {
  const parsed = parseModule(
    assemble(
      "(module $mine (func $scale (param $x f64) (param $by f64) (local $sum f64)) (func (param i32)))",
    ),
  );
  const names = readNames(parsed);
  assert.is(names.functions.get(0), "scale");
  assert.equal([...names.locals.get(0)!.values()], ["x", "by", "sum"]);
});

test("readNames() gives what comes before the section is broken", () => {
  const part = [0, 5, ...text("mine")];
  for (const rest of [[], [1, 99], [1, 5, 0xff, 0xff, 0xff, 0xff, 0x0f], [1, 3, 1, 0, 9], [2, 2, 1, 0xff]]) {
    const content = [...text("name"), ...part, ...rest];
    const names = readNames(parseModule(module(0, content.length, ...content)));
    assert.is(names.module, "mine");
  }
});

const refused: Record<string, [bytes: number[], message: RegExp]> = {
  "a section is cut off": [[1, 5, 1], /a list of 5 items, which do not fit at byte 9/],
  "a section is unknown": [[14, 0], /unknown section 14 at byte 8/],
  "a section comes twice": [[1, 1, 0, 1, 1, 0], /section 1 out of order at byte 11/],
  "sections are out of order": [[3, 1, 0, 1, 1, 0], /section 1 out of order/],
  "a section has more than it says": [[1, 2, 0, 0], /section 1 is shorter than it says/],
  "a count is more than there is": [[1, 5, 0xff, 0xff, 0xff, 0xff, 0x0f], /a list of 4294967295 items/],
  "a number has too many bits": [[1, 5, 0xff, 0xff, 0xff, 0xff, 0x1f], /a number of more than 32 bits/],
  "a number has too many bytes": [[1, 6, 0x80, 0x80, 0x80, 0x80, 0x80, 0], /a number of more than 32 bits/],
  "a function has no such type": [[1, 1, 0, 3, 2, 1, 0], /no type 0/],
  "a function has no body": [[1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0], /1 functions with 0 bodies/],
  "an export has no such function": [[7, 5, 1, ...text("f"), 0, 0], /no function 0/],
  "an export has no such global": [[7, 5, 1, ...text("g"), 3, 0], /no global 0/],
  "the start function is not there": [[8, 1, 0], /no function 0/],
  "a name is not UTF-8": [[7, 5, 1, 1, 0xff, 0, 0], /a name that is not UTF-8/],
  "a memory has more than 65,536 pages": [[5, 5, 1, 0, 0x81, 0x80, 4], /limits that can't be/],
  "a memory ends below its start": [[5, 4, 1, 1, 2, 1], /limits that can't be/],
  "a memory is shared without a maximum": [[5, 3, 1, 2, 1], /a shared memory without a maximum/],
  "a table is shared": [[4, 5, 1, 0x70, 3, 1, 1], /a shared table/],
  "a global is neither": [[6, 6, 1, 0x7f, 2, 0x41, 0, 0x0b], /neither constant nor mutable/],
};

for (const [what, [bytes, message]] of Object.entries(refused)) {
  test(`parseModule() throws ModuleRejectedError when ${what}`, () => {
    const actual = refusal(module(...bytes));
    assert.match(actual, /^x\.wasm is not a WebAssembly module: /);
    assert.match(actual, message);
  });
}

const unsupported: Record<string, [bytes: number[], message: RegExp]> = {
  "a structure is declared": [[1, 3, 1, 0x5f, 0], /the type form 0x5f/],
  "a value has a type of later engines": [[1, 5, 1, 0x60, 1, 0x64, 0], /the value type 0x64/],
  "a memory is addressed by 64 bits": [[5, 3, 1, 4, 1], /memory64/],
  "a table has a type of later engines": [[4, 4, 1, 0x6e, 0, 1], /tables of 0x6e/],
  "a constant calculates what is not known": [[6, 6, 1, 0x7f, 0, 0x6d, 0, 0x0b], /opcode 0x6d in a constant/],
};

for (const [what, [bytes, message]] of Object.entries(unsupported)) {
  test(`parseModule() throws ModuleRejectedError when ${what}`, () => {
    const actual = refusal(module(...bytes));
    assert.match(actual, /^x\.wasm uses what no host runs: /);
    assert.match(actual, message);
  });
}

test("parseModule() throws ModuleRejectedError when it is no module, or of another version", () => {
  for (const bytes of [[], [0], [0, 0x61, 0x73], [...Buffer.from("export function")]]) {
    assert.match(refusal(Uint8Array.from(bytes)), "is not a WebAssembly module");
  }
  assert.match(refusal(Uint8Array.of(...magic.slice(0, 4), 2, 0, 0, 0)), "a version of the binary format");
});
