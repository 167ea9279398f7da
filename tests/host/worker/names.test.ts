import { openWorker, prepared } from "../../../scripts/bench/worker.ts";
import { assert, suite } from "../../support/index.ts";
import { assemble } from "../wasm/assemble.ts";

const test = suite("worker/instance, names");

/** Names that mean something to JavaScript, or to AssemblyScript's loader. */
const names = [
  ...["__proto__", "constructor", "toString", "valueOf", "hasOwnProperty", "then"],
  ...["constructor#planted", "constructor#get:planted", "constructor.prototype.planted", "toString#planted"],
  ...["__proto__.planted", "__proto__#planted", "Object.prototype.planted"],
];

test("the names of exports change no object that all tasks share", async () => {
  const before = Object.getOwnPropertyNames(Object.prototype);
  const functions = names.map((name) => `(func (export "${name}") (result i32) (i32.const 77))`);
  const module = await prepared(assemble(`(module ${functions.join(" ")})`));
  const worker = openWorker();
  for (const { name } of module.manifest.kernels) assert.is(worker.run(module, name), 77);
  assert.ok(module.manifest.kernels.some(({ name }) => name === "__proto__"));
  assert.equal(Object.getOwnPropertyNames(Object.prototype), before);
});

test("a function that a module does not export is none, whatever objects have by that name", async () => {
  const module = await prepared(assemble(`(module (func (export "run")))`));
  const worker = openWorker();
  const instance = worker.instantiate(module);
  for (const name of ["toString", "constructor", "__proto__"]) {
    assert.throws(() => instance.call(name, []), `the module exports no function ${name}`);
  }
});
