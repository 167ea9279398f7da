import { assert, suite } from "../support/index.ts";
import { type Compiled, compile, fixtures } from "./asc.ts";

const test = suite("manifest of structured types");
let structures: Compiled;
let nested: Compiled;

test.before(
  async () => {
    const unoptimised = ["--target", "debug"];
    structures = await compile(`${fixtures}/structures.ts`, unoptimised);
    nested = await compile(`${fixtures}/nested.ts`, unoptimised);
  },
  { timeoutMs: 120_000 },
);

const typeOf = (kernel: string) =>
  structures.manifest.kernels.find(({ name }) => name === kernel)?.params[0]?.type;

test("manifest tells arrays, classes and what may be null by their structure", () => {
  assert.equal(typeOf("echoMatrix"), { array: { array: "f64" } });
  assert.equal(typeOf("echoMaybeStrings"), { array: { nullable: "string" } });
  assert.equal(typeOf("echoStaticBytes"), { staticArray: { staticArray: "u8" } });
  assert.equal(typeOf("echoWideArrays"), { array: { nullable: "BigUint64Array" } });
  assert.equal(typeOf("echoMaybePoint"), { nullable: { object: "Point" } });
  assert.equal(typeOf("echoMaybeStatic"), { nullable: { staticArray: "u8" } });
});

test("manifest gives the layout of each class, with the fields of its base first and no method", () => {
  const { classes } = structures.manifest;
  assert.equal(classes.Derived, {
    bytes: 20,
    fields: [
      { name: "id", type: "i32", offset: 0 },
      { name: "wide", type: "i64", offset: 8 },
      { name: "name", type: "string", offset: 16 },
    ],
  });
  assert.equal(classes.Node, {
    bytes: 12,
    fields: [
      { name: "value", type: "i32", offset: 0 },
      { name: "next", type: { nullable: { object: "Node" } }, offset: 4 },
      { name: "children", type: { array: { object: "Node" } }, offset: 8 },
    ],
  });
  assert.equal(classes.Empty, { bytes: 0, fields: [] });
});

test("manifest gives each class a name of its own that TypeScript can have", () => {
  const names = Object.keys(structures.manifest.classes);
  for (const name of names) assert.match(name, /^[A-Za-z]\w*$/);
  assert.equal(typeOf("echoNumberPair"), { object: "Pair_f64" });
  assert.equal(typeOf("echoTextPair"), { object: "Pair_String_null" });
  assert.equal(typeOf("echoPairOfPairs"), { object: "Pair_Pair_i32" });
  assert.equal(typeOf("echoPoint"), { object: "Point" });
  assert.equal(typeOf("echoOtherPoint"), { object: "Point_2" });
  assert.equal(
    structures.manifest.classes.Point_2?.fields.map(({ name }) => name),
    ["label"],
  );
});

test("runtimeIds have an id of its own for everything that lives in memory", () => {
  const { classes, runtimeIds } = structures.manifest;
  assert.is(runtimeIds.ArrayBuffer, 1);
  assert.is(runtimeIds.string, 2);
  assert.is(new Set(Object.values(runtimeIds)).size, Object.keys(runtimeIds).length);
  const some = ["Array<Point>", "Array<Point | null>", "StaticArray<StaticArray<u8>>", "StaticArray<u8>"];
  for (const name of [...Object.keys(classes), ...some, "Array<Array<f64>>", "Array<f64>", "Float32Array"]) {
    assert.type(runtimeIds[name], "number", name);
  }
});

test("nested has the type of each class that the carriers of the sdk are instantiated with", () => {
  const { runtimeIds, classes, nested: types, kernels } = nested.manifest;
  assert.equal(
    kernels.map(({ name }) => name),
    ["keeps"],
  );
  const id = (name: string) => String(runtimeIds[name]);
  assert.equal(structuredClone(types), {
    [id("Line")]: { nullable: { object: "Line" } },
    [id("string")]: { nullable: "string" },
    [id("StaticArray<i32>")]: { staticArray: "i32" },
    [id("Float64Array")]: "Float64Array",
  });
  assert.equal(Object.keys(classes).sort(), ["Line", "Point"]);
  assert.type(runtimeIds["Array<Point>"], "number");
});

test("a module without nested calls has no nested types", () => {
  assert.is(structures.manifest.nested, undefined);
});
