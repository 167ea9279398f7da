import { checkArg, checkArgCount, findKernel } from "../../../scheduler/manifest/check.ts";
import type { WrayError } from "../../../scheduler/protocol/errors.ts";
import {
  type ClassLayout,
  type KernelSignature,
  type Manifest,
  type Param,
  type Type,
  typeName,
} from "../../../scheduler/protocol/manifest.ts";
import { assert, suite, throwsCode } from "../../support/index.ts";

const test = suite("manifest/check");

const kernel = (...params: Param[]): KernelSignature => ({
  ...{ name: "f", params, returns: "void", file: "m.ts", line: 1 },
});
const classes: Record<string, ClassLayout> = {
  Point: {
    bytes: 16,
    fields: [
      { name: "x", type: "f64", offset: 0 },
      { name: "y", type: "f32", offset: 8 },
    ],
  },
  Node: {
    bytes: 12,
    fields: [
      { name: "at", type: { object: "Point" }, offset: 0 },
      { name: "next", type: { nullable: { object: "Node" } }, offset: 4 },
      { name: "names", type: { nullable: { array: "string" } }, offset: 8 },
    ],
  },
};
const check = (type: Type, value: unknown) => checkArg("m/f", kernel({ name: "x", type }), 0, value, classes);
const refusal = (type: Type, value: unknown) =>
  throwsCode(() => check(type, value), "INVALID_TASK") as WrayError;

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
  test(`checkArg() names the parameter and its type when a value is no ${typeName(type)}`, () => {
    for (const value of fitting) check(type, value);
    for (const [value, words] of refused) {
      const { message, remedy, data } = refusal(type, value);
      assert.ok(message.startsWith(`m/f: parameter x must be ${typeName(type)}`), message);
      assert.ok(message.includes(words), message);
      assert.is(remedy, `Call it as m/f(x: ${typeName(type)}).`);
      assert.equal(data, { kernel: "m/f", parameter: "x", expected: type });
    }
  });
}

const point: Type = { object: "Point" };
const node: Type = { object: "Node" };
const origin = { x: 0, y: -0 };
const pointHint = "Point is { x: f64, y: f32 }. ";

/** Structured values that fit, and others with what the refusal says: place and words, hint, expected type. */
const structured: [Type, unknown[], [unknown, string, (string | undefined)?, string?][]][] = [
  [
    { array: "f64" },
    [[], [1, -0, Number.NaN]],
    [
      [[1, "2"], '[1] must be f64 (a number), but is the string "2"', "", "f64"],
      [Object.assign(Array(3), { 0: 1, 2: 3 }), "[1] must be f64 (a number), but is undefined", "", "f64"],
      [
        new Float64Array(1),
        " must be Array<f64> (an array), but is a Float64Array",
        "Make it an array by Array.from(). ",
      ],
      [{ length: 0 }, " must be Array<f64> (an array), but is an Object"],
      ["text", ' must be Array<f64> (an array), but is the string "text"'],
      [null, " must be Array<f64> (an array), but is null"],
    ],
  ],
  [{ array: "u8" }, [[0, 255]], [[[0, 256], "[1] must be u8 (an integer from 0 to 255)", "", "u8"]]],
  [
    { staticArray: { array: "bool" } },
    [[], [[], [true]]],
    [[[[], [true, 1]], "[1][1] must be bool (true or false), but is the number 1", "", "bool"]],
  ],
  [
    { nullable: "string" },
    [null, "text"],
    [
      [undefined, " must be string or null, but is undefined"],
      [5, " must be string or null, but is the number 5"],
    ],
  ],
  [
    { array: { nullable: point } },
    [[null, origin]],
    [
      [[null, 5], "[1] must be Point (a plain object) or null, but is the number 5", "", "Point | null"],
      [[undefined], "[0] must be Point (a plain object) or null, but is undefined", "", "Point | null"],
      [[{ x: 1 }], "[0].y must be f32 (a number), but is undefined", pointHint, "f32"],
    ],
  ],
  [
    point,
    [origin, { y: 1, x: 2 }, Object.assign(Object.create(null), origin)],
    [
      [{ x: 0, y: "0" }, '.y must be f32 (a number), but is the string "0"', pointHint, "f32"],
      [{ ...origin, z: 1 }, ' has the field "z", which Point has not', pointHint],
      [{ x: 1, Y: 1 }, ' has the field "Y", which Point has not', pointHint],
      [
        JSON.parse('{"x":1,"y":1,"__proto__":{}}'),
        ' has the field "__proto__", which Point has not',
        pointHint,
      ],
      [{ ...origin, constructor: 1 }, ' has the field "constructor", which Point has not', pointHint],
      [
        Object.create(origin),
        " must be Point (a plain object), but is an Object",
        "Copy it: { ...object }. ",
      ],
      [{ __proto__: null, x: 1 }, ".y must be f32 (a number), but is undefined", pointHint, "f32"],
      [[0, 0], " must be Point (a plain object), but is an Array"],
      [
        new (class Point {
          x = 0;
          y = 0;
        })(),
        " must be Point (a plain object), but is a Point",
        "Copy it: { ...object }. ",
      ],
      [new Float64Array(2), " must be Point (a plain object), but is a Float64Array"],
      [null, " must be Point (a plain object), but is null"],
    ],
  ],
  [
    node,
    [{ at: origin }, { at: origin, next: null, names: undefined }, { at: origin, next: { at: origin } }],
    [
      [
        {},
        ".at must be Point (a plain object), but is undefined",
        "Node is { at: Point, next: Node | null, names: Array<string> | null }. ",
        "Point",
      ],
      [
        { at: origin, next: { at: { x: 1, y: 1n } } },
        ".next.at.y must be f32 (a number), but is the bigint 1n",
        pointHint,
        "f32",
      ],
      [{ at: origin, names: ["a", null] }, ".names[1] must be string, but is null", undefined, "string"],
      [
        { at: origin, next: { at: origin, last: 1 } },
        '.next has the field "last", which Node has not',
        undefined,
        "Node",
      ],
    ],
  ],
];

for (const [type, fitting, refused] of structured) {
  test(`checkArg() names the place and the type there when a value is no ${typeName(type)}`, () => {
    for (const value of fitting) check(type, value);
    for (const [value, words, hint, expected = typeName(type)] of refused) {
      const { message, remedy, data } = refusal(type, value);
      assert.ok(message.startsWith(`m/f: parameter x${words}`), message);
      const call = `Call it as m/f(x: ${typeName(type)}).`;
      if (hint === undefined) assert.ok(remedy?.endsWith(call), remedy);
      else assert.is(remedy, `${hint}${call}`);
      assert.is(data.expected, expected);
    }
  });
}

test("checkArg() tells programs the place, and keeps it short when it is deep", () => {
  assert.equal(refusal({ array: point }, [origin, { x: 1, y: null }]).data, {
    ...{ kernel: "m/f", parameter: "x", path: "[1].y", expected: "f32" },
  });
  const circle: Record<string, unknown> = { at: origin };
  circle.next = circle;
  const { message, remedy } = refusal(node, circle);
  assert.match(message, /^m\/f: parameter x(\.next)+….{0,3}lies deeper than 64 levels$/);
  assert.match(remedy!, "A value must not contain itself");
});

test("checkArg() takes 64 levels and no more", () => {
  const chain = (length: number): unknown =>
    Array.from({ length }).reduce((next) => ({ at: origin, next }), null);
  check(node, chain(63)); // and the Point of the last
  assert.match(refusal(node, chain(64)).message, "lies deeper than 64 levels");
});

test("checkArg() takes undefined when the parameter is optional, and no other value of another type", () => {
  const signature = kernel({ name: "x", type: "f64", optional: true });
  checkArg("m/f", signature, 0, undefined, classes);
  throwsCode(() => checkArg("m/f", signature, 0, null, classes), "INVALID_TASK");
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
