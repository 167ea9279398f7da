import { shippedTypings, typings } from "../../../scheduler/manifest/typings.ts";
import type { Manifest, Param, Type } from "../../../scheduler/protocol/manifest.ts";
import { scalarTypes, typedArrayNames } from "../../../scheduler/protocol/manifest.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("typings of a module");

const kernel = (name: string, params: Param[], returns: Type = "void") => ({
  ...{ name, params, returns },
  ...{ file: "kernels/hello.ts", line: 3 },
});

const manifest = (parts: Partial<Manifest>): Manifest => ({
  version: 1,
  module: "hello",
  kernels: [],
  classes: {},
  runtimeIds: {},
  ...parts,
});

/** How a kernel is declared that takes and returns a value of this type. */
function declared(type: Type, classes: Manifest["classes"] = {}): string {
  const text = typings(manifest({ classes, kernels: [kernel("f", [{ name: "x", type }], type)] }));
  return /f\(x: (.*);$/m.exec(text)![1]!;
}

test("typings() gives a declaration file that adds the module to the interface of wray", () => {
  const point = { bytes: 16, fields: [{ name: "x", type: "f64" as const, offset: 0 }] };
  const text = typings(
    manifest({
      classes: { Point: point },
      kernels: [
        kernel(
          "greet",
          [
            { name: "name", type: "string" },
            { name: "at", type: { object: "Point" } },
          ],
          "i64",
        ),
      ],
    }),
  );
  assert.is(
    text,
    `// Written by wray for the module hello. Do not edit.
export interface Kernels {
  /** kernels/hello.ts:3 */
  greet(name: string, at: Point): bigint;
}
export interface Point {
  x: number;
}

declare module "wray" {
  interface Modules {
    hello: Kernels;
  }
}
`,
  );
});

const counter = {
  name: "Counter",
  create: kernel("new", [{ name: "start", type: "i32", optional: true }]),
  methods: [kernel("incr", [{ name: "by", type: "i32" }], "i64"), kernel("delete", [], { object: "Actors" })],
  ...{ file: "kernels/hello.ts", line: 2 },
};

test("typings() gives the actor classes of a module with their methods", () => {
  const classes = { Actors: { bytes: 0, fields: [] } };
  assert.is(
    typings(manifest({ actors: [counter], classes })),
    `// Written by wray for the module hello. Do not edit.
export interface Kernels {
}
export interface Actors {
  /** kernels/hello.ts:2 */
  Counter: {
    /** kernels/hello.ts:3 */
    create(start?: number): void;
    methods: {
      /** kernels/hello.ts:3 */
      incr(by: number): bigint;
      /** kernels/hello.ts:3 */
      "delete"(): Actors_;
    };
  };
}
export interface Actors_ {
}

declare module "wray" {
  interface Modules {
    hello: Kernels;
  }
  interface ActorModules {
    hello: Actors;
  }
}
`,
  );
});

test("typings() gives each type as JavaScript has it", () => {
  const numbers = scalarTypes.filter((type) => !["bool", "i64", "u64"].includes(type));
  for (const type of numbers) assert.is(declared(type), "number): number", type);
  for (const type of ["i64", "u64"] as const) assert.is(declared(type), "bigint): bigint");
  assert.is(declared("bool"), "boolean): boolean");
  for (const type of ["string", "ArrayBuffer", ...typedArrayNames] as const) {
    assert.is(declared(type), `${type}): ${type}`);
  }
});

test("typings() takes arrays that are only read, and gives arrays that may be changed", () => {
  assert.is(declared({ array: "f64" }), "readonly number[]): number[]");
  assert.is(declared({ staticArray: "string" }), "readonly string[]): string[]");
  assert.is(declared({ array: { array: "u8" } }), "readonly (readonly number[])[]): number[][]");
  assert.is(declared({ array: { nullable: "string" } }), "readonly (string | null)[]): (string | null)[]");
  assert.is(declared({ nullable: { array: "bool" } }), "readonly boolean[] | null): boolean[] | null");
});

test("typings() marks what may be left out", () => {
  const params: Param[] = [
    { name: "first", type: "i32" },
    { name: "second", type: "i32", optional: true },
  ];
  assert.match(
    typings(manifest({ kernels: [kernel("f", params)] })),
    "f(first: number, second?: number): void;",
  );
});

test("typings() gives a class with its fields, and one in the other", () => {
  const classes = {
    Line: { bytes: 8, fields: [{ name: "ends", type: { array: { object: "Point" } }, offset: 0 }] },
    Point: { bytes: 1, fields: [{ name: "seen", type: "bool" as const, offset: 0 }] },
  };
  const text = typings(manifest({ classes }));
  assert.match(text, "export interface Line {\n  ends: Point[];\n}");
  assert.match(text, "export interface Point {\n  seen: boolean;\n}");
});

test("typings() finds another name for a class when its own can't be one in TypeScript", () => {
  const classes = Object.fromEntries(
    ["Pair<f64>", "Pair_f64_", "string", "Kernels", "Float64Array", "a/b/Point"].map((name) => [
      name,
      { bytes: 0, fields: [] },
    ]),
  );
  const nameOf = (name: string) => declared({ object: name }, classes).split("): ")[1];
  assert.is(nameOf("Pair<f64>"), "_Pair_f64_");
  assert.is(nameOf("Pair_f64_"), "Pair_f64_");
  assert.is(nameOf("string"), "string_");
  assert.is(nameOf("Kernels"), "Kernels_");
  assert.is(nameOf("Float64Array"), "Float64Array_");
  assert.is(nameOf("a/b/Point"), "_a_b_Point");
});

test("typings() tells classes apart whose names come out the same", () => {
  const classes = { "Pair<f64>": { bytes: 0, fields: [] }, "Pair[f64]": { bytes: 0, fields: [] } };
  assert.is(declared({ object: "Pair<f64>" }, classes), "_Pair_f64_): _Pair_f64_");
  assert.is(declared({ object: "Pair[f64]" }, classes), "_Pair_f64__): _Pair_f64__");
});

test("typings() quotes and renames what is no identifier, and lets no path end its comment", () => {
  const kernels = [
    { ...kernel("default", [{ name: "await", type: "i32" }]), file: "a*/b.ts" },
    kernel("größe", [{ name: "größe", type: "i32" }]),
  ];
  const text = typings(manifest({ module: "edge-detect", kernels }));
  assert.match(text, '"edge-detect": Kernels;');
  assert.match(text, '"default"(await_: number): void;');
  assert.match(text, "größe(größe: number): void;");
  assert.match(text, "/** a* /b.ts:3 */");
});

test("shippedTypings() keeps the classes of modules apart", () => {
  const classes = { Point: { bytes: 0, fields: [] } };
  const text = shippedTypings([
    manifest({ module: "one", classes, kernels: [kernel("f", [], { object: "Point" })] }),
    manifest({ module: "two", classes }),
  ]);
  assert.match(
    text,
    /namespace one \{\n {2}export interface Kernels \{\n.*\n {4}f\(\): Point;\n {2}\}\n {2}export interface Point/,
  );
  assert.match(text, "export interface ShippedModules {\n  one: one.Kernels;\n  two: two.Kernels;\n}\n");
});

test("shippedTypings() names the modules that have actors", () => {
  const text = shippedTypings([manifest({ module: "one", actors: [counter] }), manifest({ module: "two" })]);
  assert.match(text, "export interface ShippedModules {\n  one: one.Kernels;\n  two: two.Kernels;\n}\n");
  assert.match(text, "export interface ShippedActorModules {\n  one: one.Actors;\n}\n");
});
