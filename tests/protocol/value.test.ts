import { typedArrayNames } from "../../scheduler/protocol/manifest.ts";
import { decodeValue, encodeValue } from "../../scheduler/protocol/value.ts";
import { assertSame } from "../kernels/values.ts";
import { forSeeds, type Random } from "../scheduler/seeds.ts";
import { assert, suite } from "../support/index.ts";

const test = suite("protocol/value");

const again = (value: unknown) => decodeValue(encodeValue(value));
const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  new Uint8Array(buffer, byteOffset, byteLength);
const arrayClasses = typedArrayNames.map((name) => globalThis[name]);

test("encodeValue() keeps undefined, null, booleans and numbers", () => {
  const numbers = [0, -0, 1.5, Number.NaN, 1 / 0, -1 / 0, Number.MIN_VALUE, Number.MAX_VALUE, 2 ** 53 + 2];
  for (const value of [undefined, null, true, false, ...numbers]) {
    assert.ok(Object.is(again(value), value), String(value));
  }
});

test("encodeValue() keeps every bigint of 64 bits, signed or not", () => {
  for (const value of [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n, 2n ** 64n - 1n]) {
    assert.is(again(value), value);
  }
});

test("encodeValue() keeps every string, lone surrogates and long ones too", () => {
  for (const value of ["", "wray", "ß→😀", "\ud800", "a\udc00b", "\0", "x".repeat(100_000)]) {
    assert.is(again(value), value);
  }
});

test("encodeValue() keeps an ArrayBuffer, also an empty one", () => {
  for (const bytes of [[], [1, 2, 3]]) {
    const buffer = again(Uint8Array.from(bytes).buffer);
    assert.instance(buffer, ArrayBuffer);
    assert.equal([...new Uint8Array(buffer as ArrayBuffer)], bytes);
  }
});

test("encodeValue() keeps the class and the bits of every typed array", () => {
  for (const ArrayClass of arrayClasses) {
    for (const length of [0, 1, 5]) {
      const array = new ArrayClass(length);
      bytesOf(array).set(Array.from({ length: array.byteLength }, (_, index) => (index * 37 + 255) & 255));
      const copy = again(array) as typeof array;
      assert.is(copy.constructor, ArrayClass);
      assert.is(copy.length, length);
      assert.equal(bytesOf(copy), bytesOf(array));
    }
  }
});

test("encodeValue() keeps the payload of a NaN in a typed array", () => {
  const floats = new Float64Array(
    new BigUint64Array([0x7ff8_0000_dead_beefn, 0xfff0_0000_0000_0001n]).buffer,
  );
  assert.equal(bytesOf(again(floats) as Float64Array), bytesOf(floats));
});

test("encodeValue() takes only what a subarray shows", () => {
  const array = Float32Array.from({ length: 10 }, (_, index) => index);
  assert.equal(again(array.subarray(3, 5)), Float32Array.of(3, 4));
});

test("encodeValue() takes a view of shared memory", () => {
  const array = new Int32Array(new SharedArrayBuffer(16));
  array.set([1, -2, 3, -4]);
  assert.equal([...(again(array.subarray(1)) as Int32Array)], [-2, 3, -4]);
});

test("encodeValue() takes a Buffer as a Uint8Array", () => {
  const copy = again(Buffer.from("wray"));
  assert.is((copy as object).constructor, Uint8Array);
  assert.equal(copy, new TextEncoder().encode("wray"));
});

test("encodeValue() is a snapshot when the array changes later", () => {
  const array = Float64Array.of(1, 2);
  const encoded = encodeValue(array);
  array.fill(9);
  assert.equal(decodeValue(encoded), Float64Array.of(1, 2));
});

test("decodeValue() reads bytes that are not aligned, and bytes of shared memory", () => {
  const values = [
    "text",
    5n,
    1.5,
    [1, { a: Int16Array.of(7) }],
    ...arrayClasses.map((Class) => new Class(3)),
  ];
  for (const value of values) {
    const encoded = encodeValue(value);
    for (const Memory of [ArrayBuffer, SharedArrayBuffer]) {
      for (let offset = 0; offset < 8; offset++) {
        const bytes = new Uint8Array(new Memory(encoded.byteLength + offset), offset);
        bytes.set(encoded);
        assert.equal(decodeValue(bytes), value);
      }
    }
  }
});

test("decodeValue() makes a view of its bytes when they are aligned", () => {
  const encoded = encodeValue(Float64Array.of(1));
  assert.is((decodeValue(encoded) as Float64Array).buffer, encoded.buffer);
});

test("encodeValue() keeps arrays and plain objects of values", () => {
  const value = {
    list: [null, true, -1, 1.5, Number.NaN, 2 ** 40, "ß", [], [[]]],
    array: Float32Array.of(1, 2),
    bytes: Uint8Array.of(1, 2).buffer,
    large: 2n ** 63n,
    "": {},
  };
  assert.equal(again(value), value);
  const bare: unknown = Object.assign(Object.create(null), { a: 1 });
  assert.equal(again(bare), { a: 1 });
  assert.equal(again([Uint8Array.of(1)]), [Uint8Array.of(1)]);
});

test("encodeValue() makes undefined null inside of arrays and objects, holes too", () => {
  assert.equal(again({ a: undefined, b: [undefined] }), { a: null, b: [null] });
  assert.equal(again(Object.assign(Array(3), { 1: 5 })), [null, 5, null]);
  assert.equal(again(Array(2)), [null, null]);
});

test("encodeValue() keeps -0, NaN and half a character inside of arrays and objects", () => {
  const value = {
    a: -0,
    b: [-0, "x"],
    c: [-0, Number.NaN, 1 / 0],
    d: ["\ud800", "ok"],
    e: { f: "\udfff\ud800" },
  };
  assertSame(again(value), value);
  assertSame(again([[-0], [[-0, 0]], []]), [[-0], [[-0, 0]], []]);
  assertSame(again(["\ufeff", "😀"]), ["\ufeff", "😀"]);
});

test("encodeValue() takes 8 bytes for each element of an array of numbers, also inside", () => {
  const numbers = Array.from({ length: 10_000 }, (_, index) => index);
  assert.is(encodeValue(numbers).byteLength, 8 + 80_000);
  assert.ok(encodeValue({ a: numbers }).byteLength < 8 + 80_000 + 50);
  assertSame(again({ a: [numbers, numbers] }), { a: [numbers, numbers] });
});

test("encodeValue() has one NaN for numbers, whatever its bits, and decodeValue() lets no other in", () => {
  const odd = new Float64Array(BigUint64Array.of(0xfff8_0000_dead_beefn).buffer);
  const bits = (value: unknown) => new BigUint64Array(Float64Array.of(value as number).buffer)[0];
  for (const value of [odd[0], [odd[0]]]) {
    const encoded = encodeValue(value);
    assert.is(new BigUint64Array(encoded.buffer, 8)[0], 0x7ff8_0000_0000_0000n);
    encoded.set(bytesOf(odd), 8);
    assert.is(bits([decodeValue(encoded)].flat()[0]), 0x7ff8_0000_0000_0000n);
  }
});

test("encodeValue() keeps any value of those kinds", () => {
  forSeeds(2_000, (random) => {
    const value = anyValue(random, 3);
    assertSame(again(value), value);
  });
});

function anyValue(random: Random, depth: number): unknown {
  const kind = random.below(depth > 0 ? 10 : 7);
  switch (kind) {
    case 0:
      return random.pick([null, true, false, "", 0, -0, Number.NaN, [], "\ud800", "a\udc00"]);
    case 1:
      return (random.next() - 0.5) * 2 ** random.below(200);
    case 2:
      return random.below(2 ** 32) - 2 ** 31;
    case 3:
      return BigInt.asIntN(64, BigInt(random.below(2 ** 32)) ** 2n * (random.happens(0.5) ? 1n : -1n));
    case 4:
      return String.fromCodePoint(...Array.from({ length: random.below(40) }, () => random.below(0xd800)));
    case 5:
      return new (random.pick(arrayClasses))(random.below(9));
    case 6:
      return Uint8Array.from({ length: random.below(9) }, () => random.below(256)).buffer;
    case 7:
      return Array.from({ length: random.below(5) }, () => anyValue(random, depth - 1));
    case 8:
      return Array.from({ length: random.below(9) }, () => random.pick([-0, 0.5, random.below(99)]));
    default:
      return Object.fromEntries(
        Array.from({ length: random.below(5) }, () => [`k${random.below(99)}`, anyValue(random, depth - 1)]),
      );
  }
}
