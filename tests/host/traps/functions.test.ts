import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Functions } from "../../../host/traps/functions.ts";
import { root } from "../../kernels/asc.ts";
import { randomOf } from "../../scheduler/seeds.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("traps/functions");

const math = Uint8Array.from(readFileSync(join(root, "dist/std/math.wasm")));
const bytes = (text: string) => [...new TextEncoder().encode(text)];
const part = (id: number, content: number[]) => [id, ...leb128(content.length), ...content];
const text = (value: string) => [...leb128(bytes(value).length), ...bytes(value)];
const leb128 = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb128(value >>> 7)];

/** The indices from 0 whose functions have names. */
const named = (functions: Functions) =>
  Array.from({ length: 100 }, (_, index) => functions.nameOf(index)?.name).filter(
    (name) => name !== undefined,
  );

/** A module with one import of each kind and two functions, `first` and `second`, the first of them exported. */
const module = (...more: number[][]) =>
  Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...part(1, [1, 0x60, 0, 0]),
    ...part(2, [
      5,
      ...[...text("m"), ...text("f"), 0, 0],
      ...[...text("m"), ...text("t"), 1, 0x70, 1, 1, 2],
      ...[...text("m"), ...text("mem"), 2, 0, 1],
      ...[...text("m"), ...text("g"), 3, 0x7f, 0],
      ...[...text("m"), ...text("h"), 0, 0],
    ]),
    ...part(3, [2, 0, 0]),
    ...part(7, [1, ...text("exported"), 0, 2]),
    ...part(10, [2, ...[2, 0, 0x0b], ...[3, 0, 0x01, 0x0b]]),
    ...more.flat(),
  ]);
const names = (content: number[]) => part(0, [...text("name"), ...content]);

test("parse() finds the names of functions in a module of asc, without their folders", () => {
  const found = named(Functions.parse(math)!);
  for (const name of ["add", "fib", "__new"]) assert.ok(found.includes(name), `${name} in ${found}`);
});

test("nameOf() says which functions are the standard library's", () => {
  const functions = Functions.parse(math)!;
  const ofLibrary = Array.from({ length: 100 }, (_, index) => functions.nameOf(index))
    .filter((name) => name?.isLibrary)
    .map((name) => name!.name);
  assert.ok(ofLibrary.includes("__new"));
  assert.not(ofLibrary.includes("fib"));
});

test("nameOf() falls back on the name of an export, and knows no other function", () => {
  const binary = module();
  assert.ok(WebAssembly.validate(binary));
  const functions = Functions.parse(binary)!;
  assert.equal(functions.nameOf(2), { name: "exported", isLibrary: false });
  for (const index of [0, 1, 3, 4, -1]) assert.is(functions.nameOf(index), undefined, String(index));
});

test("rangeOf() gives each function's own bytes, and all when there is no such function", () => {
  const binary = module();
  const functions = Functions.parse(binary)!;
  const { start, end } = functions.rangeOf(2);
  assert.equal([...binary.subarray(start, end)], [2, 0, 0x0b]);
  const second = functions.rangeOf(3);
  assert.equal([...binary.subarray(second.start, second.end)], [3, 0, 0x01, 0x0b]);
  for (const index of [0, 1, 4, -1]) {
    assert.equal(functions.rangeOf(index), { start: 0, end: Number.POSITIVE_INFINITY });
  }
});

test("nameOf() shortens the paths in a name", () => {
  for (const [name, expected] of [
    ["a/b/c/fail~anonymous|0", "fail~anonymous|0"],
    ["~lib/map/Map<~lib/string/String,~lib/array/Array<i32>>#set", "Map<String,Array<i32>>#set"],
    ["core::fmt::write", "core::fmt::write"],
    ["/", ""],
    ["a/b\n/c", "b\ufffdc"],
  ] as const) {
    const binary = module(names(part(1, [1, 3, ...text(name)])));
    assert.is(Functions.parse(binary)!.nameOf(3)!.name, expected);
  }
});

test("parse() keeps the names before the place where a section of names is broken", () => {
  for (const broken of [
    names(part(1, [9, 3, ...text("first"), 4, 200])),
    names([...part(1, [1, 3, ...text("first")]), 1, 255, 255, 255, 255, 15]),
    names(part(1, [255, 255, 255, 255, 15, 3, ...text("first")])),
  ]) {
    const binary = module(broken);
    assert.ok(WebAssembly.validate(binary));
    assert.is(Functions.parse(binary)!.nameOf(3)!.name, "first");
    assert.is(Functions.parse(binary)!.nameOf(2)!.name, "exported");
  }
});

test("parse() keeps at most 20,000 names", () => {
  const entries = Array.from({ length: 30_000 }, (_, index) => [...leb128(index), ...text("x")]).flat();
  const functions = Functions.parse(module(names(part(1, [...leb128(30_000), ...entries]))))!;
  assert.is(functions.nameOf(19_999)!.name, "x");
  assert.is(functions.nameOf(20_000), undefined);
});

test("parse() never throws when a module was cut or altered anywhere", () => {
  const seed = Date.now() >>> 0;
  const { below } = randomOf(seed);
  for (let length = 0; length < math.length; length++) Functions.parse(math.subarray(0, length));
  for (let round = 0; round < 2_000; round++) {
    const altered = Uint8Array.from(math);
    for (let flips = 1 + below(3); flips > 0; flips--) altered[below(altered.length)] = below(256);
    const functions = Functions.parse(altered);
    functions?.nameOf(below(50));
    functions?.rangeOf(below(50));
  }
  assert.is(Functions.parse(new Uint8Array()) instanceof Functions, true, `seed ${seed}`);
});
