import { compileModule, openModule, sha256Of } from "../../../scheduler/manifest/read.ts";
import type { ActorMethod, Manifest } from "../../../scheduler/protocol/manifest.ts";
import { assemble } from "../../host/wasm/assemble.ts";
import { assert, rejects, suite } from "../../support/index.ts";

const test = suite("manifest/read");

const manifest: Manifest = {
  version: 1,
  module: "m",
  kernels: [
    {
      name: "f",
      params: [
        { name: "x", type: "Float64Array" },
        { name: "y", type: "i64", optional: true },
      ],
      returns: "void",
      file: "m.ts",
      line: 3,
    },
  ],
  actors: [
    {
      name: "Counter",
      create: { name: "new", params: [], returns: "void", file: "m.ts", line: 7 },
      methods: [
        { name: "incr", params: [{ name: "by", type: "i32" }], returns: "i32", file: "m.ts", line: 9 },
        { name: "value", params: [], returns: "i32", readonly: true, file: "m.ts", line: 13 },
      ],
      ...{ file: "m.ts", line: 5 },
    },
  ],
  classes: { Point: { bytes: 16, fields: [{ name: "x", type: "f64", offset: 8 }] } },
  runtimeIds: { ArrayBuffer: 1, Float64Array: 5, Point: 6, "Array<Point | null>": 7 },
  nested: { 7: { array: { nullable: { object: "Point" } } } },
};

const utf8 = (text: string) => new TextEncoder().encode(text);
const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** A number as WebAssembly writes lengths. */
function leb(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)];
}

/** A module with nothing but this custom section. */
function moduleWith(text: string, section = "wray.manifest"): Uint8Array<ArrayBuffer> {
  const content = [...leb(section.length), ...utf8(section), ...utf8(text)];
  return Uint8Array.from([...magic, 0, ...leb(content.length), ...content]);
}

test("openModule() gives the manifest and the hash of a module", async () => {
  const bytes = moduleWith(JSON.stringify(manifest));
  const opened = await openModule(bytes);
  assert.equal(structuredClone(opened.manifest), manifest);
  assert.is(opened.sha256, await sha256Of(bytes));
  assert.equal(opened.needs, []);
});

test("sha256Of() gives the hash in hex", async () => {
  assert.is(await sha256Of(utf8("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("openModule() drops fields that it does not know", async () => {
  const later = { ...manifest, later: 1, kernels: [{ ...manifest.kernels[0], later: 1 }] };
  const opened = await openModule(moduleWith(JSON.stringify(later)));
  assert.equal(structuredClone(opened.manifest), manifest);
});

test("openModule() rejects with ModuleRejectedError when the bytes are no module", async () => {
  for (const bytes of [utf8(""), utf8("not wasm"), moduleWith("{}").slice(0, -1)]) {
    const error = await rejects(openModule(bytes, "x.wasm"), "MODULE_REJECTED");
    assert.match(error.message, /^x\.wasm is not a WebAssembly module: /);
  }
});

test("openModule() rejects with ModuleRejectedError when there is no manifest and nothing to call", async () => {
  for (const bytes of [Uint8Array.from(magic), moduleWith("{}", "other")]) {
    const error = await rejects(openModule(bytes, "x.wasm"), "MODULE_REJECTED");
    assert.is(error.message, "x.wasm has neither a manifest nor a function of numbers to call");
  }
});

test("openModule() makes a manifest when a module has none, named by its file or its hash", async () => {
  const bytes = assemble('(module (func (export "half") (param $x f64) (result f64) (local.get $x)))');
  const sha256 = await sha256Of(bytes);
  const { manifest: made } = await openModule(bytes, "x.wasm", "/lib/halves.wasm");
  assert.is(made.module, "halves");
  assert.equal(made.kernels[0]!.params, [{ name: "x", type: "f64" }]);
  assert.is((await openModule(bytes)).manifest.module, sha256.slice(0, 12));
});

test("compileModule() rejects with ModuleRejectedError when the engine does not take the code", async () => {
  const bytes = assemble('(module (func (export "f") (result f64) (i32.const 1)))');
  const error = await rejects(compileModule(bytes, "x.wasm"), "MODULE_REJECTED");
  assert.match(error.message, /^x\.wasm is not a WebAssembly module: .*f64/);
});

const kernel = manifest.kernels[0]!;
const actor = manifest.actors![0]!;
const [incr, value] = actor.methods as [ActorMethod, ActorMethod];
const broken: [string, unknown, string][] = [
  ["no JSON", undefined, "broken manifest"],
  ["a list", [], "manifest must be a map"],
  ["of another version", { ...manifest, version: 2 }, "manifest.version must be 1, but is number 2"],
  ["without kernels", { ...manifest, kernels: undefined }, "manifest.kernels must be a list"],
  [
    "with a kernel without a line",
    { ...manifest, kernels: [{ ...kernel, line: -1 }] },
    "manifest.kernels[0].line",
  ],
  [
    "with an unknown type",
    { ...manifest, kernels: [{ ...kernel, returns: "Float16Array" }] },
    "manifest.kernels[0].returns has the unknown type Float16Array",
  ],
  [
    "with a parameter that is optional: false",
    { ...manifest, kernels: [{ ...kernel, params: [{ name: "x", type: "i32", optional: false }] }] },
    "manifest.kernels[0].params[0].optional must be true",
  ],
  ...[
    [{ array: "f64", staticArray: "f64" }, "manifest.kernels[0].returns has the unknown type"],
    [{ list: "f64" }, "manifest.kernels[0].returns has the unknown type"],
    [{ array: { nullable: "Float16Array" } }, "returns.array.nullable has the unknown type Float16Array"],
    [{ nullable: "f64" }, "f is nullable, and f64 is no reference"],
    [{ nullable: { nullable: { object: "Point" } } }, "f is nullable twice"],
    [{ array: "void" }, "runtimeIds has no Array<void>, which f needs"],
    [{ array: { object: "Point" } }, "runtimeIds has no Array<Point>, which f needs"],
    [{ object: "Line" }, "runtimeIds has no Line, which f needs"],
    [{ object: "toString" }, "runtimeIds has no toString, which f needs"],
  ].map(([returns, message]): [string, unknown, string] => [
    `with a result of type ${JSON.stringify(returns)}`,
    { ...manifest, kernels: [{ ...kernel, returns }] },
    message as string,
  ]),
  [
    "without a class that it needs",
    { ...manifest, classes: {} },
    "classes has no Point, which nested.7[] needs",
  ],
  [
    "with a field outside of its object",
    { ...manifest, classes: { Point: { bytes: 15, fields: [{ name: "x", type: "f64", offset: 8 }] } } },
    "Point.x lies outside of its object",
  ],
  [
    "with a field that can't be set",
    {
      ...manifest,
      classes: { Point: { bytes: 16, fields: [{ name: "__proto__", type: "i8", offset: 8 }] } },
    },
    "Point.__proto__ can't be set",
  ],
  ...[
    [{ ...actor, create: { ...actor.create, name: "make" } }, 'manifest.actors[0].create.name must be "new"'],
    [
      { ...actor, create: { ...actor.create, returns: "i32" } },
      'manifest.actors[0].create.returns must be "void"',
    ],
    [{ ...actor, create: undefined }, "manifest.actors[0].create must be a map"],
    [{ ...actor, line: -1 }, "manifest.actors[0].line"],
    [
      { ...actor, methods: [{ ...value, readonly: false }] },
      "manifest.actors[0].methods[0].readonly must be true",
    ],
    [{ ...actor, methods: [incr, value, incr] }, "Counter.methods has incr twice"],
    [{ ...actor, methods: [{ ...incr, name: "new" }] }, "Counter.methods has new twice"],
    [
      { ...actor, methods: [{ ...incr, returns: { object: "Line" } }] },
      "runtimeIds has no Line, which Counter.incr needs",
    ],
    [
      { ...actor, create: { ...actor.create, params: [{ name: "x", type: "void" }] } },
      "Counter.new.x is void",
    ],
  ].map(([actor, message]): [string, unknown, string] => [
    `with an actor whose ${message}`,
    { ...manifest, actors: [actor] },
    message as string,
  ]),
  ["with an actor twice", { ...manifest, actors: [actor, actor] }, "actors has Counter twice"],
  [
    "with actors that are no list",
    { ...manifest, actors: { Counter: actor } },
    "manifest.actors must be a list",
  ],
  ["with preempt that is no flag", { ...manifest, preempt: 1 }, "manifest.preempt must be true or false"],
];

for (const [what, value, message] of broken) {
  test(`openModule() rejects with ModuleRejectedError when the manifest is ${what}`, async () => {
    const error = await rejects(openModule(moduleWith(JSON.stringify(value) ?? "{")), "MODULE_REJECTED");
    assert.ok(error.message.includes(message), error.message);
  });
}
