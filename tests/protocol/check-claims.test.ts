import { encode } from "@msgpack/msgpack";
import { decodeMessagePack } from "../../scheduler/protocol/codec.ts";
import { assert, suite, throwsCode } from "../support/index.ts";

const test = suite("checkClaims");

/** `count` headers of arrays with 2^20 elements, each the first element of the one before, then zeros to fill. */
function nestedArrays(count: number, totalBytes: number): Uint8Array {
  const message = new Uint8Array(totalBytes);
  const view = new DataView(message.buffer);
  for (let index = 0; index < count; index++) {
    view.setUint8(5 * index, 0xdd);
    view.setUint32(5 * index + 1, 2 ** 20);
  }
  return message;
}

test("decodeMessagePack() refuses nested headers that claim more values than there are bytes", () => {
  const before = process.memoryUsage().rss;
  const { message } = throwsCode(
    () => decodeMessagePack(nestedArrays(10_000, 2 ** 20 + 64)),
    "PROTOCOL_ERROR",
  );
  assert.match(message, /values are due in/);
  assert.ok(process.memoryUsage().rss - before < 100 * 2 ** 20);
});

test("decodeMessagePack() takes the same headers when what they claim is there", () => {
  assert.is((decodeMessagePack(nestedArrays(1, 2 ** 20 + 5)) as unknown[]).length, 2 ** 20);
});

test("decodeMessagePack() takes every format that MessagePack has", () => {
  const sizes = [0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536];
  const values = [
    ...[
      null,
      true,
      false,
      0,
      127,
      128,
      255,
      256,
      65_536,
      2 ** 32,
      -1,
      -32,
      -33,
      -129,
      -32_769,
      -(2 ** 31) - 1,
    ],
    ...[0.5, Number.NaN],
    ...sizes.map((size) => "x".repeat(size)),
    ...sizes.map((size) => new Uint8Array(size)),
    ...sizes.map((size) => Array(size).fill(1)),
    ...sizes.map((size) =>
      Object.fromEntries(Array.from({ length: size }, (_, index) => [`${index}`, [index]])),
    ),
  ];
  for (const value of [...values, values]) assert.equal(decodeMessagePack(encode(value)), value);
});

test("decodeMessagePack() refuses every message that is cut short", () => {
  const whole = encode({ a: [1, "two", new Uint8Array(3), { b: 2 ** 40 }], c: -1.5, d: new Date(0) });
  for (let length = 0; length < whole.byteLength; length++) {
    throwsCode(() => decodeMessagePack(whole.subarray(0, length)), "PROTOCOL_ERROR");
  }
});
