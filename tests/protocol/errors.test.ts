import * as errors from "../../scheduler/protocol/errors.ts";
import { assert, suite } from "../support/index.ts";

const test = suite("protocol/errors");

const { fromWireError, toWireError, WrayError, TaskError, ConnectionError } = errors;

type ErrorClass = new (message: string, details?: errors.ErrorDetails) => errors.WrayError;
const classes = (Object.values(errors) as unknown[]).filter(
  (value): value is ErrorClass => typeof value === "function" && value.prototype instanceof WrayError,
);

test("each error class has a code of its own, in capitals", () => {
  assert.is(classes.length, 31);
  const codes = classes.map((Class) => new Class("").code);
  assert.is(new Set(codes).size, classes.length);
  for (const code of codes) assert.match(code, /^[A-Z]+(_[A-Z]+)*$/);
});

for (const Class of classes) {
  test(`fromWireError() gives a ${Class.name} with all that it had when it comes from toWireError()`, () => {
    const cause = new Class("inner", { cause: new TypeError("root") });
    const error = new Class("outer", { remedy: "try", data: { a: [1, { b: "c" }] }, cause });
    const wire = JSON.parse(JSON.stringify(toWireError(error)));
    const copy = fromWireError(wire) as errors.WrayError;
    assert.instance(copy, Class);
    for (const field of ["name", "code", "message", "remedy", "data", "stack"] as const) {
      assert.equal(copy[field], error[field], field);
    }
    assert.instance(copy.cause, Class);
    const root = (copy.cause as Error).cause as Error;
    assert.is(root.name, "TypeError");
    assert.is(root.message, "root");
    assert.not("code" in root);
  });
}

test("toWireError() leaves out what an error does not have", () => {
  const { stack, ...wire } = toWireError(new TaskError("no"));
  assert.equal(wire, { code: "TASK_ERROR", message: "no" });
  assert.type(stack, "string");
});

test("toWireError() takes what is no Error as its message", () => {
  assert.equal(toWireError("text"), { code: "ERROR", message: "text" });
  assert.equal(toWireError(undefined), { code: "ERROR", message: "undefined" });
  assert.equal(toWireError(new TaskError("no", { cause: "why" })).cause, { code: "ERROR", message: "why" });
});

test("fromWireError() gives an Error with the code as its name when the code is not known", () => {
  const error = fromWireError({ code: "FROM_THE_FUTURE", message: "no", stack: "s" });
  assert.not.instance(error, WrayError);
  assert.is(error.name, "FROM_THE_FUTURE");
  assert.is(error.message, "no");
  assert.is(error.stack, "s");
});

test("toWireError() cuts what is long, so that an error always fits a message", () => {
  const long = "é".repeat(1_000_000);
  const error = new TaskError(long, { remedy: long, data: { position: long }, cause: new Error(long) });
  const wire = toWireError(error);
  assert.ok(JSON.stringify(wire).length < 20_000, `${JSON.stringify(wire).length}`);
  assert.match(wire.message, /^é+…$/);
  assert.is(wire.data, undefined);
});

test("toWireError() ends when causes go in a circle", () => {
  const error = new ConnectionError("a");
  Object.assign(error, { cause: new Error("b", { cause: error }) });
  let depth = 0;
  for (let wire: errors.WireError | undefined = toWireError(error); wire; wire = wire.cause) depth++;
  assert.is(depth, errors.mostCauses + 1);
});
