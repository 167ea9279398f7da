import { typedArrayNames } from "../../scheduler/protocol/manifest.ts";
import { Tensor, type TypedArray } from "../../scheduler/protocol/tensor.ts";
import { decodeValue, encodeValue } from "../../scheduler/protocol/value.ts";
import { assertSame } from "../kernels/values.ts";
import { forSeeds } from "../scheduler/seeds.ts";
import { assert, suite, throwsCode } from "../support/index.ts";

const test = suite("protocol/tensor");

const wrongShapes: Record<string, unknown> = {
  "of fewer elements": [5],
  "of more elements": [2, 4],
  "that is no array": 6,
  "with a negative size": [-2, -3],
  "with a size that is no integer": [1.5, 4],
  "with a size that is no number": ["2", 3],
  "with a bigint": [2n, 3n],
  "with a hole": [6, undefined],
  "with NaN": [Number.NaN],
  "with a size past 2^53": [2 ** 53, 1],
  "whose product wraps around in 64 bits": [2 ** 33, 2 ** 33, 6],
  "of more than 32 dimensions": [6, ...Array(32).fill(1)],
  "of no dimensions": [],
  "with a zero": [6, 0],
};

for (const [name, shape] of Object.entries(wrongShapes)) {
  test(`Tensor() throws InvalidTaskError when six elements get a shape ${name}`, () => {
    throwsCode(() => new Tensor(new Float32Array(6), shape as number[]), "INVALID_TASK");
  });
}

test("Tensor() throws InvalidTaskError when its data is no typed array", () => {
  for (const data of [[1, 2], new ArrayBuffer(2), new DataView(new ArrayBuffer(2)), undefined, null]) {
    throwsCode(() => new Tensor(data as unknown as TypedArray, [2]), "INVALID_TASK");
  }
});

test("Tensor() takes no dimensions, 32 dimensions, and zeros beside sizes whose product is too large", () => {
  for (const [length, shape] of [
    [1, []],
    [2, [2, ...Array(31).fill(1)]],
    [0, [0]],
    [0, [...Array(31).fill(2 ** 53 - 1), 0]],
  ] as const) {
    const tensor = new Tensor(new Int8Array(length), shape);
    assertSame(decodeValue(encodeValue(tensor)), tensor);
  }
});

test("Tensor() can't be changed, nor by changing the shape that it was given", () => {
  const shape = [2, 3];
  const tensor = new Tensor(new Float32Array(6), shape);
  shape[0] = 9;
  assert.equal(tensor.shape, [2, 3]);
  assert.throws(() => {
    (tensor as { shape: unknown }).shape = [6];
  });
  assert.throws(() => (tensor.shape as number[]).push(1));
});

test("encodeValue() keeps tensors of every type, at the top and inside", () => {
  for (const name of typedArrayNames) {
    const data = new globalThis[name](6);
    new Uint8Array(data.buffer).forEach((_, index, bytes) => {
      bytes[index] = (index * 37 + 255) & 255;
    });
    const tensor = new Tensor(data, [3, 1, 2]);
    assert.is(tensor.dtype, name);
    assertSame(decodeValue(encodeValue(tensor)), tensor);
    assertSame(decodeValue(encodeValue({ a: [tensor] })), { a: [tensor] });
  }
});

test("encodeValue() takes the data of a tensor that is a Buffer", () => {
  const decoded = decodeValue(encodeValue(new Tensor(Buffer.from("wray"), [2, 2]))) as Tensor;
  assert.is(decoded.dtype, "Uint8Array");
  assert.is(decoded.data.constructor, Uint8Array);
});

const encoded = encodeValue(new Tensor(Float64Array.of(1, 2, 3, 4, 5, 6), [2, 3]));
const changed = (offset: number, ...bytes: number[]) => {
  const copy = encoded.slice();
  copy.set(bytes, offset);
  return copy;
};
const malformed: Record<string, Uint8Array> = {
  "without a payload": encoded.slice(0, 8),
  "with half a head": encoded.slice(0, 9),
  "without a shape": encoded.slice(0, 16),
  "with half a shape": encoded.slice(0, 31),
  "without its data": encoded.slice(0, 32),
  "with half an element": encoded.slice(0, -1),
  "with an element too few": encoded.slice(0, -8),
  "with an element too many": Uint8Array.of(...encoded, 0, 0, 0, 0, 0, 0, 0, 0),
  "of a type that is none": changed(8, 7),
  "of a type past the last": changed(8, 19),
  "of another type": changed(8, 17),
  "of more than 32 dimensions": changed(9, 33),
  "of 255 dimensions": changed(9, 255),
  "of fewer dimensions": changed(9, 1),
  "of another size": changed(16, 3),
  "of a size past 2^53": changed(16, 0, 0, 0, 0, 0, 0, 0x20, 0),
  "of a negative size": changed(16, ...Array(8).fill(0xff)),
  "whose product is right only modulo 2^64": changed(
    16,
    ...[0, 0, 0, 0, 1, 0, 0, 0],
    ...[6, 0, 0, 0, 1, 0, 0, 0],
  ),
};

for (const [name, bytes] of Object.entries(malformed)) {
  test(`decodeValue() throws ProtocolError when a tensor is ${name}`, () => {
    throwsCode(() => decodeValue(bytes), "PROTOCOL_ERROR");
  });
}

test("decodeValue() gives the shape that any tensor had", () => {
  forSeeds(500, (random) => {
    const shape = Array.from({ length: random.below(6) }, () => random.below(4));
    const length = shape.reduce((product, size) => product * size, 1);
    const tensor = new Tensor(new globalThis[random.pick(typedArrayNames)](length), shape);
    assertSame(decodeValue(encodeValue(tensor)), tensor);
  });
});
