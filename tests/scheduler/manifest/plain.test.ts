import { checkArg } from "../../../scheduler/manifest/check.ts";
import { type Format, fromPlain, toPlain } from "../../../scheduler/manifest/plain.ts";
import {
  type ClassLayout,
  type Type,
  typedArrayNames,
  typeName,
} from "../../../scheduler/protocol/manifest.ts";
import { assert, suite, throwsCode } from "../../support/index.ts";

const test = suite("manifest/plain");

const binary = (...bytes: number[]) => Uint8Array.from(bytes);
const pi = Float64Array.of(Math.PI);

const classes: Record<string, ClassLayout> = {
  Point: {
    bytes: 32,
    fields: [
      { name: "x", type: "f64", offset: 0 },
      { name: "id", type: "u64", offset: 8 },
      { name: "next", type: { nullable: { object: "Point" } }, offset: 16 },
      { name: "data", type: { nullable: "Float32Array" }, offset: 20 },
    ],
  },
};
const point: Type = { object: "Point" };

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
  [{ array: "f32" }, [1, Number.NaN], [1, "NaN"], [1, Number.NaN]],
  [{ array: "i64" }, [-1n], ["-1"], [-1n]],
  [{ staticArray: { array: "bool" } }, [[true], []], [[true], []], [[true], []]],
  [{ array: { nullable: "string" } }, ["a", null], ["a", null], ["a", null]],
  [{ array: "ArrayBuffer" }, [binary(255).buffer], ["/w=="], [binary(255)]],
  [{ nullable: "Uint8Array" }, binary(1), [1], binary(1)],
  [{ nullable: "string" }, null, null, null],
  [
    point,
    { x: 1, id: 2n, next: { x: -1 / 0, id: 0n, next: null, data: Float32Array.of(1) }, data: null },
    { x: 1, id: "2", next: { x: "-Infinity", id: "0", next: null, data: [1] }, data: null },
    { x: 1, id: 2n, next: { x: -1 / 0, id: 0n, next: null, data: binary(0, 0, 128, 63) }, data: null },
  ],
];

for (const [type, value, json, messagePack] of table) {
  test(`toPlain() and fromPlain() are each other's inverse for a ${typeName(type)}, ${JSON.stringify(json)}`, () => {
    for (const [format, plain] of [
      ["json", json],
      ["msgpack", messagePack],
    ] as [Format, unknown][]) {
      assert.equal(toPlain(type, value, format, classes), plain, format);
      assert.equal(fromPlain(type, plain, classes), value, format);
      checkArg("m/f", signature(type), 0, fromPlain(type, plain, classes), classes);
    }
  });
}

test("toPlain() gives null for void, and a subarray alone", () => {
  assert.is(toPlain("void", undefined, "json", classes), null);
  assert.is(toPlain("void", undefined, "msgpack", classes), null);
  const array = Int32Array.of(1, 2, 3).subarray(1, 2);
  assert.equal(toPlain("Int32Array", array, "json", classes), [2]);
  assert.equal(toPlain("Int32Array", array, "msgpack", classes), binary(2, 0, 0, 0));
});

test("fromPlain() takes a list, also an empty one, for every typed array, in MessagePack too", () => {
  for (const name of typedArrayNames) {
    const array = new globalThis[name](2);
    assert.equal(fromPlain(name, name.startsWith("Big") ? ["0", 0] : [0, 0], classes), array);
    assert.equal(fromPlain(name, [], classes), new globalThis[name](0));
  }
});

test("fromPlain() takes a bigint, as MessagePack gives one, where a number is meant, and the other way round", () => {
  for (const type of ["i8", "u32", "f32", "f64"] as const) assert.is(fromPlain(type, 5n, classes), 5);
  assert.equal(fromPlain("Float32Array", [5n, 1.5], classes), Float32Array.of(5, 1.5));
  assert.equal(fromPlain("Int8Array", [-5n], classes), Int8Array.of(-5));
  assert.is(fromPlain("i64", 5, classes), 5n);
  assert.is(fromPlain("u64", "5", classes), 5n);
});

test("fromPlain() leaves out an argument that is null", () => {
  for (const type of ["f64", "string", "Float64Array"] as const)
    assert.is(fromPlain(type, null, classes), undefined);
});

test("fromPlain() copies binary, which is part of a larger message", () => {
  const message = binary(9, 1, 2, 9);
  const array = fromPlain("Uint8Array", message.subarray(1, 3), classes) as Uint8Array;
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
  [{ array: "f64" }, { 0: 1 }],
  [{ array: "f64" }, binary(1)],
  [{ array: "f64" }, [null]],
  [{ array: "u8" }, [1, 256]],
  [{ array: "string" }, ["a", null]],
  [point, { x: 1 }],
  [point, [1, 2]],
  [point, "text"],
  [point, { x: 1, id: 2, z: 3 }],
  [point, { x: "1", id: 2 }],
  [point, { x: 1, id: 2, next: { x: 1 } }],
  [point, JSON.parse('{"x":1,"id":2,"__proto__":{"x":1}}')],
  [point, JSON.parse('{"__proto__":{"x":1,"id":2}}')],
];

test("fromPlain() takes no more levels than a value may have", () => {
  const json = `${'{"x":1,"id":2,"next":'.repeat(10_000)}null${"}".repeat(10_000)}`;
  const { message } = throwsCode(
    () => checkArg("m/f", signature(point), 0, fromPlain(point, JSON.parse(json), classes), classes),
    "INVALID_TASK",
  );
  assert.match(message, "lies deeper than 64 levels");
});

test("fromPlain() gives null for a nullable argument, and takes an object without nullable fields", () => {
  assert.is(fromPlain({ nullable: "string" }, null, classes), null);
  assert.equal(fromPlain(point, { x: 1, id: 2 }, classes), { x: 1, id: 2n });
});

for (const [type, plain] of senseless) {
  const shown = typeof plain === "bigint" ? `${plain}n` : JSON.stringify(plain);
  test(`fromPlain() leaves ${shown} to be refused when a ${typeName(type)} is due`, () => {
    throwsCode(
      () => checkArg("m/f", signature(type), 0, fromPlain(type, plain, classes), classes),
      "INVALID_TASK",
    );
  });
}

function signature(type: Type) {
  return { name: "f", params: [{ name: "x", type }], returns: type, file: "m.ts", line: 1 };
}
