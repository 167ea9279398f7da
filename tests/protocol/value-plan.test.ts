import { typedArrayNames } from "../../scheduler/protocol/manifest.ts";
import { EncodedTable } from "../../scheduler/protocol/table.ts";
import { Tensor } from "../../scheduler/protocol/tensor.ts";
import { decodeValue, encodeValue, planValue } from "../../scheduler/protocol/value.ts";
import { assertSame, bytesOf } from "../kernels/values.ts";
import { assert, suite } from "../support/index.ts";

const test = suite("protocol/value-plan");

const arrays = typedArrayNames.map((name) => new globalThis[name](3));
const values: unknown[] = [
  ...[undefined, null, true, false, 1.5, Number.NaN, -0, 5n, -(2n ** 63n), 2n ** 64n - 1n],
  ...["", "wray", "ß→😀\ud800", "x".repeat(10_001), Uint8Array.of(1, 2, 3).buffer, Buffer.from("a buffer")],
  ...arrays,
  ...[[1, -0, 3], [], { a: [1, "b", null, { c: Int8Array.of(1) }, 5n] }, ["\ud800", [1, 2]]],
  ...[new Tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]), { a: new Tensor(Int8Array.of(1), []) }],
  new EncodedTable([Uint8Array.of(1, 2, 3)]),
];

test("planValue() knows the size, and writes what encodeValue() gives and nothing else", () => {
  for (const value of values) {
    const encoded = encodeValue(value);
    const plan = planValue(value);
    assert.is(plan.byteLength, encoded.byteLength);
    for (const Memory of [ArrayBuffer, SharedArrayBuffer]) {
      // Dirty memory, whose own offset is not aligned, so that the offset in it makes up for it.
      const target = new Uint8Array(new Memory(plan.byteLength + 40), 4).fill(0xee);
      plan.writeInto(target, 12);
      const end = 12 + plan.byteLength;
      assert.equal([...target.slice(12, end)], [...encoded]);
      assert.ok([...target.slice(0, 12), ...target.slice(end)].every((byte) => byte === 0xee));
      assertSame(decodeValue(target.subarray(12, end)), decodeValue(encoded));
    }
  }
});

test("writeInto() throws a RangeError when the place is not aligned or too small", () => {
  const plan = planValue(1.5);
  for (const [target, offset] of [
    [new Uint8Array(64), 4],
    [new Uint8Array(new ArrayBuffer(64), 4), 8],
    [new Uint8Array(64), -8],
    [new Uint8Array(64), 56],
    [new Uint8Array(15), 0],
    [new Uint8Array(64), Number.NaN],
  ] as const) {
    assert.throws(
      () => plan.writeInto(target, offset),
      (error: unknown) => error instanceof RangeError,
    );
    assert.ok(target.every((byte) => byte === 0));
  }
});

test("writeInto() writes a value of the planned size when its array has grown or shrunk since", () => {
  for (const length of [1, 9]) {
    const numbers = [1, 2, 3];
    const plan = planValue(numbers);
    numbers.length = length;
    const target = new Uint8Array(64).fill(0xee);
    plan.writeInto(target, 0);
    assert.is((decodeValue(target.subarray(0, plan.byteLength)) as number[]).length, 3);
    assert.is(target[plan.byteLength], 0xee);
  }
});

test("planValue() keeps what structures were, however many there are before they are written", () => {
  const plans = Array.from({ length: 10 }, (_, index) => planValue({ index, text: "x".repeat(index) }));
  const target = new Uint8Array(64);
  for (const [index, plan] of plans.entries()) {
    plan.writeInto(target, 0);
    assert.equal(decodeValue(target.subarray(0, plan.byteLength)), { index, text: "x".repeat(index) });
  }
});

test("planValue() copies no elements, and writeInto() those that are there then", () => {
  const array = Float64Array.of(1, 2);
  const plan = planValue(array);
  array.fill(9);
  const target = new Uint8Array(plan.byteLength);
  plan.writeInto(target, 0);
  assert.equal(decodeValue(target), Float64Array.of(9, 9));
});

test("writeInto() writes the parts of a table one after the other", () => {
  const [one, three] = [1, 3].map((count) => Uint8Array.of(1, 2, 3).slice(0, count));
  const encoded = encodeValue(new EncodedTable([three!, new Uint8Array(), one!]));
  assert.equal([...encoded.slice(8)], [1, 2, 3, 1]);
});

/** The memory of what decodes to a view, and what is no view of it. */
function viewsIn(value: unknown): ArrayBufferView | undefined {
  if (value instanceof Tensor) return value.data;
  if (value instanceof EncodedTable) return value.parts[0];
  return ArrayBuffer.isView(value) ? value : undefined;
}

test("decodeValue() gives views of aligned typed arrays, tensors and tables, also in shared memory", () => {
  for (const value of [
    ...arrays,
    new Tensor(Float64Array.of(1, 2), [2, 1]),
    new EncodedTable([new Uint8Array(9)]),
  ]) {
    const plan = planValue(value);
    for (const Memory of [ArrayBuffer, SharedArrayBuffer]) {
      const target = new Uint8Array(new Memory(plan.byteLength + 64));
      plan.writeInto(target, 24);
      const view = viewsIn(decodeValue(target.subarray(24, 24 + plan.byteLength)))!;
      assert.is(view.buffer, target.buffer);
      assert.is(view.byteOffset + view.byteLength, 24 + plan.byteLength);
    }
  }
});

test("decodeValue() copies everything else", () => {
  for (const value of values.filter((value) => viewsIn(value) === undefined)) {
    const encoded = encodeValue(value);
    const decoded = decodeValue(encoded);
    const expected = decodeValue(encoded.slice());
    encoded.fill(0xaa);
    assertSame(decoded, expected);
    for (const part of Object.values(typeof decoded === "object" && decoded !== null ? decoded : {})) {
      if (viewsIn(part) !== undefined) assert.is.not(viewsIn(part)!.buffer, encoded.buffer);
    }
  }
});

test("encodeValue() takes only what a view shows, and keeps it apart from its source", () => {
  const source = Float32Array.of(1, 2, 3, 4);
  const encoded = encodeValue(new Tensor(source.subarray(1, 3), [2]));
  source.fill(0);
  assert.equal((decodeValue(encoded) as Tensor).data, Float32Array.of(2, 3));
  assert.is(bytesOf(encoded).byteLength, 8 + 8 + 8 + 8);
});
