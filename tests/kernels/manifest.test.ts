import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { scalarTypes, typedArrayNames } from "../../scheduler/protocol/manifest.ts";
import { assert, suite } from "../support/index.ts";
import { asc, type Compiled, compile, fixtures, root } from "./asc.ts";
import { type Instance, instantiate } from "./instance.ts";

const test = suite("manifest of a module");
let types: Compiled;
let signatures: Compiled;
let instance: Instance;

test.before(async () => {
  [types, signatures] = await Promise.all([
    compile(`${fixtures}/types.ts`),
    compile(`${fixtures}/signatures.ts`),
  ]);
  instance = instantiate(types);
});

const crossing = [...scalarTypes, "string", "ArrayBuffer", ...typedArrayNames];

test("manifest names every type as JavaScript does when a kernel takes and returns it", () => {
  for (const type of crossing) {
    const kernel = types.manifest.kernels.find(({ name }) => name === `${type}_`);
    assert.equal(kernel?.params, [{ name: "x", type }], type);
    assert.is(kernel?.returns, type);
  }
});

test("manifest says void when a kernel returns nothing", () => {
  const kernel = types.manifest.kernels.find(({ name }) => name === "void_");
  assert.equal(kernel?.params, []);
  assert.is(kernel?.returns, "void");
});

test("manifest lists exactly the exported functions, in source order", async () => {
  const source = await readFile(join(root, fixtures, "types.ts"), "utf8");
  const exported = [...source.matchAll(/^export function (\w+)/gm)].map(([, name]) => name);
  assert.is(exported.length, crossing.length + 1);
  assert.equal(
    types.manifest.kernels.map(({ name }) => name),
    exported,
  );
});

test("manifest gives each kernel's file and line", async () => {
  const lines = (await readFile(join(root, fixtures, "types.ts"), "utf8")).split("\n");
  for (const { name, file, line } of types.manifest.kernels) {
    assert.is(file, `${fixtures}/types.ts`);
    assert.match(lines[line - 1]!, `export function ${name}(`);
  }
});

test("manifest names the module after its file", () => {
  assert.is(types.manifest.module, "types");
  assert.is(types.manifest.version, 1);
});

test("runtimeIds let the loader allocate every typed array that a kernel takes", () => {
  const { runtimeIds } = types.manifest;
  assert.equal(Object.keys(runtimeIds).sort(), ["ArrayBuffer", "string", ...typedArrayNames].sort());
  assert.is(runtimeIds.ArrayBuffer, 1);
  assert.is(runtimeIds.string, 2);
  assert.is(new Set(Object.values(runtimeIds)).size, typedArrayNames.length + 2);
  for (const name of typedArrayNames) {
    const TypedArray = globalThis[name] as unknown as new (values: unknown[]) => object;
    const values = new TypedArray(name.startsWith("Big") ? [1n, 2n, 255n] : [1, 2, 255]);
    assert.equal(instance.call(`${name}_`, values), values, name);
  }
});

test("values come back as they went in, at the edges of each type", () => {
  const edges: Record<string, unknown[]> = {
    bool: [true, false],
    i8: [-128, 127],
    u8: [0, 255],
    i16: [-32768, 32767],
    u16: [0, 65535],
    i32: [-(2 ** 31), 2 ** 31 - 1],
    u32: [0, 2 ** 32 - 1],
    i64: [-(2n ** 63n), 2n ** 63n - 1n],
    f32: [Math.fround(0.1), -0, Number.POSITIVE_INFINITY],
    f64: [0.1, Number.MIN_VALUE, Number.NaN],
    string: ["", "π 🚀 \0"],
    ArrayBuffer: [new ArrayBuffer(0), new Uint8Array([1, 2, 3]).buffer],
    Float64Array: [new Float64Array(0)],
  };
  for (const [type, values] of Object.entries(edges)) {
    for (const value of values) {
      assert.ok(Object.is(instance.call(`${type}_`, value), value) || typeof value === "object", type);
      if (typeof value === "object") assert.equal(instance.call(`${type}_`, value), value, type);
    }
  }
});

const kernel = (name: string) => signatures.manifest.kernels.find((each) => each.name === name);

test("manifest marks a parameter optional when it has a default", () => {
  assert.equal(kernel("defaults")?.params, [
    { name: "first", type: "i32" },
    { name: "second", type: "i32", optional: true },
    { name: "text", type: "string", optional: true },
  ]);
  const { call } = instantiate(signatures);
  assert.is(call("defaults", 1), "1 2 none");
  assert.is(call("defaults", 1, 5), "1 5 none");
  assert.is(call("defaults", 1, 5, "all"), "1 5 all");
});

test("manifest sees through type aliases and enums", () => {
  assert.equal(kernel("aliases")?.params, [
    { name: "weights", type: "Float64Array" },
    { name: "shade", type: "i32" },
  ]);
  assert.equal(instantiate(signatures).call("aliases", new Float64Array([3]), 1), new Float64Array([1.5]));
});

test("manifest takes kernels that other files hold when the entry exports them", () => {
  const { call } = instantiate(signatures);
  assert.is(kernel("twice")?.file, `${fixtures}/shared/doubled.ts`);
  assert.is(kernel("twice")?.line, 2);
  assert.is(call("twice", 21), 42);
  assert.is(kernel("halved")?.file, `${fixtures}/shared/halved.ts`);
  assert.is(call("halved", 21), 10.5);
  assert.is(call("default"), 42);
  assert.is(kernel("doubled"), undefined);
});

test("a subarray comes back with its own length", () => {
  assert.equal(instantiate(signatures).call("created"), new Uint16Array([7, 7]));
});

test("a module imports nothing but abort when its kernels ask for nothing", () => {
  assert.equal(WebAssembly.Module.imports(types.wasm), [{ module: "env", name: "abort", kind: "function" }]);
});

test("asc checks types when a kernel's body is wrong", async () => {
  const { exitCode, stderr } = await asc([`${fixtures}/ill-typed.ts`, "--noEmit"]);
  assert.is(exitCode, 1);
  assert.match(stderr, "Type 'i32' is not assignable to type '~lib/string/String'");
  assert.match(stderr, `${fixtures}/ill-typed.ts(2,10)`);
});
