import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ActorSignature, actorExport } from "../../scheduler/protocol/manifest.ts";
import { assert, suite } from "../support/index.ts";
import { type Compiled, compile, fixtures, root } from "./asc.ts";
import { instantiate } from "./instance.ts";

const test = suite("actor classes");
let compiled: Compiled;

test.before(async () => {
  compiled = await compile(`${fixtures}/actors.ts`, ["--runtime", "minimal"]);
});

test("asc takes the runtime of actors from an asconfig.json that extends wray's", async (t) => {
  const folder = await mkdtemp(join(root, "build/actors-"));
  t.after(() => rm(folder, { recursive: true }));
  const config = join(folder, "asconfig.json");
  await writeFile(config, '{ "extends": "wray/asconfig.json", "options": { "runtime": "minimal" } }');
  const { manifest } = await compile(`${fixtures}/actors.ts`, ["--config", config, "--target", "debug"]);
  assert.equal(manifest.actors?.[0], actorOf("Counter"));
});

function actorOf(name: string): ActorSignature {
  const actor = compiled.manifest.actors?.find((each) => each.name === name);
  assert.ok(actor, name);
  return actor!;
}

const methodOf = (actor: string, method: string) =>
  actorOf(actor).methods.find(({ name }) => name === method);

/** The module as any engine runs it, with nothing of ours. */
function plainInstance() {
  const instance = new WebAssembly.Instance(compiled.wasm, {
    env: {
      abort: () => {
        throw new Error("aborted");
      },
    },
  });
  const { exports } = instance as { exports: Record<string, unknown> };
  return {
    memory: exports.memory as WebAssembly.Memory,
    collect: exports.__collect as () => void,
    call: (name: string, ...args: number[]): unknown => {
      (exports.__setArgumentsLength as (count: number) => void)(args.length);
      return (exports[name] as (...args: number[]) => unknown)(...args);
    },
  };
}

test("manifest lists the actor classes that the entry file exports, in its order, and none of their functions as a kernel", () => {
  assert.equal(
    compiled.manifest.actors?.map(({ name }) => name),
    ["Counter", "Keeper", "Account", "Words"],
  );
  assert.equal(
    compiled.manifest.kernels.map(({ name }) => name),
    ["idle"],
  );
});

test("manifest has the public methods of an actor: none that are static, generic, private, protected or accessors", () => {
  assert.equal(
    actorOf("Counter").methods.map(({ name, readonly }) => (readonly ? `@readonly ${name}` : name)),
    ["incr", "@readonly value", "reset", "fail"],
  );
});

test("manifest says what the constructor and a method take and return", () => {
  const start = { name: "start", type: "i32", optional: true };
  const { create } = actorOf("Counter");
  assert.equal([create.name, create.params, create.returns], ["new", [start], "void"]);
  assert.equal(methodOf("Counter", "incr")?.params, [{ name: "by", type: "i32", optional: true }]);
  assert.is(methodOf("Counter", "incr")?.returns, "i32");
  assert.is(methodOf("Counter", "reset")?.returns, "void");
  assert.equal(actorOf("Keeper").create.params, []);
});

test("manifest gives the file and line of each class, constructor and method", async () => {
  const said: [string, { file: string; line: number }][] = [];
  for (const actor of compiled.manifest.actors!) {
    said.push([`class ${actor.name === "Words" ? "Tally" : actor.name} `, actor]);
    for (const method of actor.methods) said.push([`${method.name}(`, method]);
  }
  said.push(["constructor(start", actorOf("Counter").create]);
  said.push(["class Keeper", actorOf("Keeper").create]);
  said.push(["constructor(first", actorOf("Account").create]);
  for (const [text, { file, line }] of said) {
    const lines = (await readFile(join(root, file), "utf8")).split("\n");
    assert.match(lines[line - 1]!, text);
  }
  assert.is(methodOf("Account", "book")?.file, `${fixtures}/shared/ledger.ts`);
});

test("methods take and return every type that can cross", () => {
  const { call } = instantiate(compiled);
  call("Keeper$new");
  const values: Record<string, unknown> = {
    ...{ bool_: true, i8_: -128, u8_: 255, i16_: -32768, u16_: 65535, i32_: -(2 ** 31), u32_: 2 ** 32 - 1 },
    ...{ i64_: -(2n ** 63n), u64_: 2n ** 64n - 1n, f32_: 0.5, f64_: 0.1, string_: "π 🚀", maybe_: null },
    ...{ buffer_: new Uint8Array([1, 2]).buffer, floats_: new Float64Array([1.5]), static_: [1, 2, 255] },
  };
  for (const [name, value] of Object.entries(values)) {
    assert.equal(call(actorExport("Keeper", name), value), value, name);
  }
});

test("an actor keeps its state from call to call, apart from actors of other classes", () => {
  const { call } = plainInstance();
  call("Counter$new", 5);
  call("Keeper$new");
  assert.is(call("Counter$incr", 2), 7);
  assert.is(call("Counter$incr"), 12);
  assert.is(call("Counter$value"), 12);
  call("Counter$reset");
  assert.is(call("Counter$value"), 0);
});

test("a number that a method returns is cut to its size", () => {
  const { call } = plainInstance(); // a host cuts it once more
  const nobody = 0;
  call("Account$new", nobody);
  assert.is(call("Account$check"), 0);
});

test("a method traps when nothing was made, and leaves the actor as it is when it throws", () => {
  const { call } = plainInstance();
  assert.throws(() => call("Counter$value"));
  call("Counter$new", 3);
  assert.throws(() => call("Counter$fail"), /aborted/);
  assert.is(call("Counter$incr", 1), 4);
});

test("__collect frees what calls leave behind, and nothing that the actor holds", () => {
  const { call, exports } = instantiate(compiled);
  const { memory, __collect: collect } = exports as {
    memory: WebAssembly.Memory;
    __collect: () => void;
  };
  call("Keeper$new");
  assert.is(call("Keeper$keep", { x: 1, y: 2 }, [{ x: 3, y: 4 }]), 2);
  const wasteBytes = 8 * 100_000;
  for (let count = 0; count < 100; count++) {
    call("Keeper$waste", 100_000);
    collect();
  }
  assert.ok(memory.buffer.byteLength < 10 * wasteBytes, `${memory.buffer.byteLength} bytes`);
  assert.equal(call("Keeper$kept"), [
    { x: 1, y: 2 },
    { x: 3, y: 4 },
  ]);
});

test("memory grows with what calls leave behind when nothing is collected", () => {
  const { call, memory } = plainInstance();
  call("Keeper$new");
  for (let count = 0; count < 20; count++) call("Keeper$waste", 100_000);
  assert.ok(memory.buffer.byteLength > 20 * 8 * 100_000, `${memory.buffer.byteLength} bytes`);
});

test("an actor has the public methods of its base class, with the types that it gives and the file's own names", () => {
  assert.equal(
    actorOf("Account").methods.map(({ name }) => name),
    ["title", "replaced", "delete", "last", "book", "check"],
  );
  assert.equal(methodOf("Account", "book")?.params, [
    { name: "line", type: "string" },
    { name: "amount", type: "f64", optional: true },
  ]);
  assert.is(methodOf("Account", "last")?.readonly, true);
  const { call } = instantiate(compiled);
  call("Account$new", "first");
  assert.is(call("Account$book", "second"), 200);
  assert.is(call("Account$book", "third", -50), 150);
  assert.is(call("Account$last"), "third");
  assert.is(call("Account$replaced"), "of the derived");
});

test("an actor class of another file goes by the name that the entry file exports it as", () => {
  const { call } = instantiate(compiled);
  call("Words$new");
  call("Words$see", "ray");
  assert.is(call("Words$see", "ray"), 2);
  assert.is(call("idle"), 7);
});
