import { checkArg, checkArgCount, findKernel } from "../../../scheduler/manifest/check.ts";
import type { WrayError } from "../../../scheduler/protocol/errors.ts";
import type { KernelSignature, Manifest, Param, Type } from "../../../scheduler/protocol/manifest.ts";
import { assert, suite, throwsCode } from "../../support/index.ts";

const test = suite("manifest/check");

const kernel = (...params: Param[]): KernelSignature => ({
  ...{ name: "f", params, returns: "void", file: "m.ts", line: 1 },
});
const refusal = (type: Type, value: unknown) =>
  throwsCode(() => checkArg("m/f", kernel({ name: "x", type }), 0, value), "INVALID_TASK") as WrayError;

/** Values that fit a type, and values that do not, with the words of the refusal. */
const table: [Type, unknown[], [unknown, string][]][] = [
  ["bool", [true, false], [[1, "bool (true or false), but is the number 1"]]],
  ["i8", [-128, 127, -0], [[128, "i8 (an integer from -128 to 127), but is the number 128"]]],
  ["u8", [0, 255], [[-1, "u8 (an integer from 0 to 255)"]]],
  ["i16", [-32_768, 32_767], [[32_768, "-32768 to 32767"]]],
  ["u16", [65_535], [[65_536, "0 to 65535"]]],
  [
    "i32",
    [-(2 ** 31), 2 ** 31 - 1],
    [
      [1.5, "i32 (an integer from -2147483648 to 2147483647), but is the number 1.5"],
      [Number.NaN, "but is the number NaN"],
      [5n, "but is the bigint 5n"],
    ],
  ],
  ["u32", [2 ** 32 - 1], [[2 ** 32, "0 to 4294967295"]]],
  [
    "i64",
    [-(2n ** 63n), 2n ** 63n - 1n],
    [
      [5, "i64 (a bigint, such as 5n), but is the number 5"],
      [2n ** 63n, "but is the bigint 9223372036854775808n"],
    ],
  ],
  ["u64", [0n, 2n ** 64n - 1n], [[-1n, "u64 (a bigint, such as 5n), but is the bigint -1n"]]],
  ["f32", [1.5, Number.NaN, 1e300], [["1.5", 'f32 (a number), but is the string "1.5"']]],
  ["f64", [-0, 1 / 0], [[null, "f64 (a number), but is null"]]],
  [
    "string",
    ["", "\ud800"],
    [
      [undefined, "string, but is undefined"],
      [Symbol("s"), "but is the symbol Symbol(s)"],
      [() => {}, "but is a Function"],
    ],
  ],
  [
    "ArrayBuffer",
    [new ArrayBuffer(0)],
    [
      [Uint8Array.of(1), "ArrayBuffer, but is a Uint8Array"],
      [new SharedArrayBuffer(1), "but is a SharedArrayBuffer"],
    ],
  ],
  [
    "Float64Array",
    [new Float64Array(), Float64Array.of(1, 2).subarray(1)],
    [
      [new Float32Array(1), "Float64Array, but is a Float32Array"],
      [[1, 2], "Float64Array, but is an Array"],
      [{}, "Float64Array, but is an Object"],
      [Object.create(null), "Float64Array, but is an object"],
      ["x".repeat(50), `but is the string "${"x".repeat(40)}…"`],
    ],
  ],
  ["Uint8Array", [Buffer.from("x")], [[new Uint8ClampedArray(1), "but is a Uint8ClampedArray"]]],
  ["Int32Array", [new Int32Array(1)], [[new Uint32Array(1), "Int32Array, but is a Uint32Array"]]],
];

for (const [type, fitting, refused] of table) {
  test(`checkArg() names the parameter and its type when a value is no ${type}`, () => {
    for (const value of fitting) checkArg("m/f", kernel({ name: "x", type }), 0, value);
    for (const [value, words] of refused) {
      const { message, remedy, data } = refusal(type, value);
      assert.ok(message.startsWith(`m/f: parameter x must be ${type}`), message);
      assert.ok(message.includes(words), message);
      assert.is(remedy, `Call it as m/f(x: ${type}).`);
      assert.equal(data, { kernel: "m/f", parameter: "x", expected: type });
    }
  });
}

test("checkArg() takes undefined when the parameter is optional, and no other value of another type", () => {
  const signature = kernel({ name: "x", type: "f64", optional: true });
  checkArg("m/f", signature, 0, undefined);
  throwsCode(() => checkArg("m/f", signature, 0, null), "INVALID_TASK");
});

test("checkArg() believes no object that says what class it is", () => {
  for (const liar of [{ name: "x".repeat(100_000) }, { name: { toString: 1 } }, null, 5]) {
    assert.match(refusal("f64", { constructor: liar }).message, "must be f64 (a number), but is an Object");
  }
});

test("checkArgCount() says how many arguments there are to be", () => {
  const x: Param = { name: "x", type: "f64" };
  const rest: Param = { name: "rest", type: "string", optional: true };
  checkArgCount("m/f", kernel(), 0);
  checkArgCount("m/f", kernel(x, rest), 1);
  checkArgCount("m/f", kernel(x, rest), 2);
  const cases: [KernelSignature, number, string][] = [
    [kernel(), 1, "m/f takes 0 arguments, but got 1"],
    [kernel(x), 0, "m/f takes 1 argument, but got 0"],
    [kernel(x, x), 3, "m/f takes 2 arguments, but got 3"],
    [kernel(x, rest), 0, "m/f takes 1 to 2 arguments, but got 0"],
  ];
  for (const [signature, argCount, message] of cases) {
    const error = throwsCode(() => checkArgCount("m/f", signature, argCount), "INVALID_TASK") as WrayError;
    assert.is(error.message, message);
    assert.equal(error.data, { kernel: "m/f", expected: signature.params.length, actual: argCount });
  }
  const error = throwsCode(() => checkArgCount("m/f", kernel(x, rest), 0), "INVALID_TASK") as WrayError;
  assert.is(error.remedy, "Call it as m/f(x: f64, rest?: string).");
});

test("findKernel() names the kernels that there are when there is none of this name", () => {
  const kernels = [kernel(), { ...kernel(), name: "g" }];
  const manifest: Manifest = { version: 1, module: "m", kernels, classes: {}, runtimeIds: {} };
  assert.is(findKernel(manifest, "g"), kernels[1]);
  for (const name of ["h", "toString", "__proto__", ""]) {
    const error = throwsCode(() => findKernel(manifest, name), "KERNEL_NOT_FOUND") as WrayError;
    assert.is(error.message, `module m has no kernel ${JSON.stringify(name)}`);
    assert.is(error.remedy, "It has f, g.");
  }
});
