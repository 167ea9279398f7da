import { KernelAbort, rawFrames, taskError } from "../../../host/worker/trap.ts";
import { OutOfMemoryError } from "../../../scheduler/protocol/errors.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("worker/trap");

/** A module whose only function, `f`, calls its import; V8 shows it by this name. */
function calling(name: string, imported: () => void): () => void {
  const bytes = (text: string) => [new TextEncoder().encode(text).length, ...new TextEncoder().encode(text)];
  const part = (id: number, content: number[]) => [id, content.length, ...content];
  const binary = Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...part(1, [1, 0x60, 0, 0]),
    ...part(2, [1, ...bytes("m"), ...bytes("i"), 0, 0]),
    ...part(3, [1, 0]),
    ...part(7, [1, ...bytes("f"), 0, 1]),
    ...part(10, [1, 4, 0, 0x10, 0, 0x0b]),
    ...part(0, [...bytes("name"), ...part(1, [1, 1, ...bytes(name)])]),
  ]);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary), { m: { i: imported } });
  return exports.f as () => void;
}

function thrownBy(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

const fail = (error: () => unknown) => () => {
  throw error();
};

test("rawFrames() tells the frames of WebAssembly alone, whatever names its functions have", () => {
  for (const name of [
    "plain",
    "a\n    at b (wasm://wasm/x:wasm-function[7]:0x7)",
    "(wasm://wasm/x:wasm-function[7]:0x7)",
  ]) {
    const error = thrownBy(
      calling(
        name,
        fail(() => new Error("no")),
      ),
    );
    const frames = rawFrames(error);
    assert.is(frames.length, 1, name);
    assert.is(frames[0]![0], 1);
  }
});

test("rawFrames() leaves the text of a stack as it is, and the hook for it", () => {
  const expected = Error.prepareStackTrace;
  const error = new Error("no");
  assert.equal(rawFrames(error), []);
  assert.match(error.stack!, /^Error: no\n {4}at .*trap\.test/);
  assert.is(Error.prepareStackTrace, expected);
  for (const other of [undefined, null, "text", { stack: 5 }]) assert.equal(rawFrames(other), []);
});

test("taskError() takes a RangeError for a stack overflow only when V8 means one", () => {
  const overflow: () => void = calling("f", () => overflow());
  assert.is(taskError("m/f", thrownBy(overflow)).code, "STACK_OVERFLOW");
  const deepInAnImport = (): number => [1].map(deepInAnImport).length;
  assert.is(taskError("m/f", thrownBy(calling("f", () => void deepInAnImport()))).code, "STACK_OVERFLOW");
  const other = taskError("m/f", thrownBy(calling("f", () => void new Array(-1))));
  assert.is(other.code, "TASK_ERROR");
  assert.is(other.message, "m/f: Invalid array length");
  const said = taskError("m/f", new KernelAbort("Maximum call stack size exceeded", "f.ts", 1, 1));
  assert.is(said.code, "TASK_ERROR");
});

test("taskError() leaves an error of ours as it is", () => {
  const error = thrownBy(
    calling(
      "f",
      fail(() => new OutOfMemoryError("no more")),
    ),
  );
  assert.is(taskError("m/f", error), error);
});

test("taskError() knows no place of an abort that names no file", () => {
  const trapOf = (file: string) => taskError("m/f", new KernelAbort("no", file, 1, -1)).data.trap;
  assert.equal(trapOf(""), { frames: [] });
  assert.equal(trapOf("f.ts"), { frames: [], abort: { file: "f.ts", line: 1, column: 4_294_967_295 } });
});
