import { checkArg } from "../../../scheduler/manifest/check.ts";
import { type Format, fromPlain, toPlain } from "../../../scheduler/manifest/plain.ts";
import { type Type, typedArrayNames } from "../../../scheduler/protocol/manifest.ts";
import { assert, suite, throwsCode } from "../../support/index.ts";

const test = suite("manifest/plain");

const binary = (...bytes: number[]) => Uint8Array.from(bytes);
const pi = Float64Array.of(Math.PI);

/** Values, and what they are in JSON and in MessagePack. */
const table: [Type, unknown, unknown, unknown][] = [
  ["bool", true, true, true],
  ["i32", -5, -5, -5],
  ["u32", 2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1],
  ["f64", 1.5, 1.5, 1.5],
  ["f64", Number.NaN, "NaN", Number.NaN],
  ["f32", 1 / 0, "Infinity", 1 / 0],
  ["f64", -1 / 0, "-Infinity", -1 / 0],
  ["i64", -(2n ** 63n), "-9223372036854775808", -(2n ** 63n)],
  ["u64", 2n ** 64n - 1n, "18446744073709551615", 2n ** 64n - 1n],
  ["string", "NaN", "NaN", "NaN"],
  ["string", "\ud800", "\ud800", "\ud800"],
  ["ArrayBuffer", binary(0, 255).buffer, "AP8=", binary(0, 255)],
  ["ArrayBuffer", binary().buffer, "", binary()],
  ["Uint8Array", binary(1, 2), [1, 2], binary(1, 2)],
  ["Uint8ClampedArray", Uint8ClampedArray.of(255), [255], binary(255)],
  ["Int16Array", Int16Array.of(-2), [-2], binary(254, 255)],
  ["Float32Array", Float32Array.of(1 / 0, 1), ["Infinity", 1], binary(0, 0, 128, 127, 0, 0, 128, 63)],
  ["Float64Array", pi, [Math.PI], new Uint8Array(pi.buffer)],
  ["BigInt64Array", BigInt64Array.of(-1n), ["-1"], binary(...Array(8).fill(255))],
  ["BigUint64Array", BigUint64Array.of(2n ** 63n), ["9223372036854775808"], binary(0, 0, 0, 0, 0, 0, 0, 128)],
];

for (const [type, value, json, messagePack] of table) {
  test(`toPlain() and fromPlain() are each other's inverse for a ${type}, ${JSON.stringify(json)}`, () => {
    for (const [format, plain] of [
      ["json", json],
      ["msgpack", messagePack],
    ] as [Format, unknown][]) {
      assert.equal(toPlain(type, value, format), plain, format);
      assert.equal(fromPlain(type, plain), value, format);
      checkArg("m/f", signature(type), 0, fromPlain(type, plain));
    }
  });
}

test("toPlain() gives null for void, and a subarray alone", () => {
  assert.is(toPlain("void", undefined, "json"), null);
  assert.is(toPlain("void", undefined, "msgpack"), null);
  const array = Int32Array.of(1, 2, 3).subarray(1, 2);
  assert.equal(toPlain("Int32Array", array, "json"), [2]);
  assert.equal(toPlain("Int32Array", array, "msgpack"), binary(2, 0, 0, 0));
});

test("fromPlain() takes a list, also an empty one, for every typed array, in MessagePack too", () => {
  for (const name of typedArrayNames) {
    const array = new globalThis[name](2);
    assert.equal(fromPlain(name, name.startsWith("Big") ? ["0", 0] : [0, 0]), array);
    assert.equal(fromPlain(name, []), new globalThis[name](0));
  }
});

test("fromPlain() takes a bigint, as MessagePack gives one, where a number is meant, and the other way round", () => {
  for (const type of ["i8", "u32", "f32", "f64"] as const) assert.is(fromPlain(type, 5n), 5);
  assert.equal(fromPlain("Float32Array", [5n, 1.5]), Float32Array.of(5, 1.5));
  assert.equal(fromPlain("Int8Array", [-5n]), Int8Array.of(-5));
  assert.is(fromPlain("i64", 5), 5n);
  assert.is(fromPlain("u64", "5"), 5n);
});

test("fromPlain() leaves out an argument that is null", () => {
  for (const type of ["f64", "string", "Float64Array"] as const) assert.is(fromPlain(type, null), undefined);
});

test("fromPlain() copies binary, which is part of a larger message", () => {
  const message = binary(9, 1, 2, 9);
  const array = fromPlain("Uint8Array", message.subarray(1, 3)) as Uint8Array;
  message.fill(0);
  assert.equal(array, binary(1, 2));
  assert.is(array.buffer.byteLength, 2);
});

/** What makes no sense as a value of its type. */
const senseless: [Type, unknown][] = [
  ["bool", 1],
  ["i32", "5"],
  ["i32", 2 ** 31],
  ["u8", 1.5],
  ["u32", 2n ** 40n],
  ["f64", "Nan"],
  ["f64", "1"],
  ["i64", 1.5],
  ["i64", 2 ** 53],
  ["i64", "0x10"],
  ["i64", ""],
  ["i64", "9223372036854775808"],
  ["u64", "-1"],
  ["u64", "9".repeat(21)],
  ["string", 5],
  ["ArrayBuffer", "not base64!"],
  ["ArrayBuffer", [1]],
  ["Float64Array", binary(1, 2, 3)],
  ["Float64Array", "text"],
  ["Float64Array", { 0: 1 }],
  ["Float64Array", [null]],
  ["Float32Array", ["1"]],
  ["Uint8Array", [256]],
  ["Uint8Array", [-1]],
  ["Uint8ClampedArray", [300]],
  ["Int32Array", [1.5]],
  ["Int32Array", ["NaN"]],
  ["Int32Array", [[1]]],
  ["BigInt64Array", ["9223372036854775808"]],
  ["BigUint64Array", [-1]],
];

for (const [type, plain] of senseless) {
  const shown = typeof plain === "bigint" ? `${plain}n` : JSON.stringify(plain);
  test(`fromPlain() leaves ${shown} to be refused when a ${type} is due`, () => {
    throwsCode(() => checkArg("m/f", signature(type), 0, fromPlain(type, plain)), "INVALID_TASK");
  });
}

function signature(type: Type) {
  return { name: "f", params: [{ name: "x", type }], returns: type, file: "m.ts", line: 1 };
}
