import { ProtocolError } from "../../scheduler/protocol/errors.ts";
import { EncodedTable } from "../../scheduler/protocol/table.ts";
import { Tensor } from "../../scheduler/protocol/tensor.ts";
import { decodeValue, encodeValue } from "../../scheduler/protocol/value.ts";
import { forSeeds } from "../scheduler/seeds.ts";
import { assert, suite, throwsCode } from "../support/index.ts";

const test = suite("protocol/value, refusals");

const refused: Record<string, unknown> = {
  "a function": () => {},
  "a symbol": Symbol("s"),
  "a bigint past 64 bits": 2n ** 64n,
  "a bigint past 64 bits, negative": -(2n ** 63n) - 1n,
  "a Map": new Map(),
  "a Set": new Set(),
  "a Date": new Date(0),
  "a Promise": Promise.resolve(),
  "an Error": new Error("no"),
  "a regular expression": /x/,
  "a DataView": new DataView(new ArrayBuffer(8)),
  "a SharedArrayBuffer": new SharedArrayBuffer(8),
  "a class instance": new (class Point {})(),
  "a boxed number": Object(1),
  "a key that can't be set": JSON.parse('{"__proto__":1}'),
  "a key with half a character": { "\ud800": 1 },
};

for (const [name, value] of Object.entries(refused)) {
  test(`encodeValue() throws InvalidTaskError when given ${name}, at the top or inside`, () => {
    for (const given of [value, [value], { a: [{ b: value }] }]) {
      const error = throwsCode(() => encodeValue(given), "INVALID_TASK");
      assert.match(error.message, "can't be a task's argument or an object");
    }
  });
}

test("encodeValue() throws InvalidTaskError when given a circle, or more than 100 levels", () => {
  const circle: unknown[] = [];
  circle.push(circle);
  throwsCode(() => encodeValue(circle), "INVALID_TASK");
  let deep: unknown = 1;
  for (let level = 0; level < 101; level++) deep = [deep];
  throwsCode(() => encodeValue(deep), "INVALID_TASK");
});

test("encodeValue() works as before when it has just thrown", () => {
  throwsCode(() => encodeValue({ a: [() => {}] }), "INVALID_TASK");
  assert.equal(decodeValue(encodeValue({ a: [1n] })), { a: [1n] });
});

const header = (tag: number, ...payload: number[]) => Uint8Array.of(tag, 0, 0, 0, 0, 0, 0, 0, ...payload);
/** A MessagePack extension that holds these bytes. */
const extension = (type: number, bytes: Uint8Array) => [0xc7, bytes.byteLength, type, ...bytes];

const malformed: Record<string, Uint8Array> = {
  nothing: new Uint8Array(),
  "half a header": new Uint8Array(7),
  "an unknown tag": header(19),
  "the last unknown tag": header(255),
  "a boolean of two bytes": header(2, 1, 1),
  "a number of seven bytes": header(3, ...new Uint8Array(7)),
  "an i64 of nine bytes": header(4, ...new Uint8Array(9)),
  "half a code unit": header(6, 65, 0, 66),
  "half an element": header(18, ...new Uint8Array(12)),
  "no structure": header(32),
  "an array that is longer than its bytes": header(32, 0xdd, 0xff, 0xff, 0xff, 0xff),
  "bytes after the structure": header(32, 0x90, 0x90),
  "a key that can't be set": header(32, 0x81, 0xa9, ...new TextEncoder().encode("__proto__"), 1),
  "an unknown extension": header(32, ...extension(3, encodeValue(1n))),
  "a time": header(32, 0xd6, 0xff, 0, 0, 0, 0),
  "a malformed value inside": header(32, ...extension(1, header(5, 1))),
  "a structure inside an extension": header(32, ...extension(1, encodeValue([]))),
  "a table inside an extension": header(
    32,
    ...extension(1, encodeValue(new EncodedTable([new Uint8Array(8)]))),
  ),
  "a broken tensor inside": header(32, ...extension(1, header(34, 18, 1))),
  "an array of numbers without one": header(33),
  "an array of half a number": header(33, ...new Uint8Array(12)),
  "an array of half a number inside": header(32, ...extension(1, header(33, 1, 2, 3))),
};

for (const [name, bytes] of Object.entries(malformed)) {
  test(`decodeValue() throws ProtocolError when the bytes are ${name}`, () => {
    throwsCode(() => decodeValue(bytes), "PROTOCOL_ERROR");
  });
}

test("decodeValue() ignores bytes 1 to 7", () => {
  assert.is(decodeValue(Uint8Array.of(2, 1, 2, 3, 4, 5, 6, 7, 1)), true);
});

test("decodeValue() gives a value or throws ProtocolError when bytes are cut or changed", () => {
  const encoded = [
    1.5,
    -1n,
    "text",
    Float64Array.of(1, 2),
    { a: [1, "b", null, { c: Int8Array.of(1) }, 5n] },
    { a: [-0, "\ud800", [1, 2]] },
    [1, -0, 3],
    new Tensor(Float64Array.of(1, 2, 3, 4), [2, 2]),
    { a: [new Tensor(Int8Array.of(1), [])] },
    new EncodedTable([new Uint8Array(16)]),
  ].map((value) => encodeValue(value));
  forSeeds(10_000, (random) => {
    const bytes = random.pick(encoded).slice(0, random.happens(0.3) ? random.below(60) : undefined);
    for (let change = random.below(4); change > 0 && bytes.length > 0; change--) {
      bytes[random.happens(0.3) ? 0 : random.below(bytes.length)] = random.below(256);
    }
    try {
      decodeValue(bytes);
    } catch (error) {
      assert.instance(error, ProtocolError);
    }
  });
});
