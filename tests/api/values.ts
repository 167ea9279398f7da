import { assert, type Suite } from "../support/index.ts";
import type { Api } from "./suite.ts";

const { MAX_VALUE, MIN_VALUE, MAX_SAFE_INTEGER } = Number;

/** By kernel of the fixture, each of which returns its argument: values that must come back as they are. */
const echoed: Record<string, readonly unknown[]> = {
  bool_: [true, false],
  i8_: [-128, 0, 127],
  u8_: [0, 255],
  i16_: [-32_768, 32_767],
  u16_: [0, 65_535],
  i32_: [-2_147_483_648, 2_147_483_647],
  u32_: [0, 4_294_967_295],
  i64_: [-(2n ** 63n), -1n, 2n ** 63n - 1n],
  u64_: [0n, 2n ** 63n, 2n ** 64n - 1n],
  f32_: [0, -0, 0.5, Math.fround(0.1), Number.NaN, Number.POSITIVE_INFINITY],
  f64_: [0, -0, 0.1, MAX_VALUE, MIN_VALUE, MAX_SAFE_INTEGER, Number.NaN, Number.NEGATIVE_INFINITY],
  string_: ["", "plain", "naïve 日本 🎉", "\ud800", "a\udc00\ud800b", "\0\r\n\u2028", "x".repeat(20_000)],
  ArrayBuffer_: [new ArrayBuffer(0), Uint8Array.of(1, 2, 255).buffer, new Uint8Array(70_001).fill(7).buffer],
  Int8Array_: arrays(Int8Array, [-128, 127]),
  Uint8Array_: [...arrays(Uint8Array, [0, 255]), Buffer.from("a buffer")],
  Uint8ClampedArray_: arrays(Uint8ClampedArray, [0, 255]),
  Int16Array_: arrays(Int16Array, [-32_768, 32_767]),
  Uint16Array_: arrays(Uint16Array, [0, 65_535]),
  Int32Array_: arrays(Int32Array, [-2_147_483_648, 2_147_483_647]),
  Uint32Array_: arrays(Uint32Array, [0, 4_294_967_295]),
  BigInt64Array_: [new BigInt64Array(), BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n)],
  BigUint64Array_: [new BigUint64Array(), BigUint64Array.of(0n, 2n ** 64n - 1n)],
  Float32Array_: arrays(Float32Array, [-0, 0.5, Number.NaN, Number.POSITIVE_INFINITY]),
  Float64Array_: arrays(Float64Array, [-0, 0.1, Number.NaN, MAX_VALUE]),
};

/** Sizes in bytes around every border on the way: inline values, chunks, the usual limit of a message. */
const sizes = [8_183, 8_184, 8_185, 65_536, 262_136, 262_144, 1_048_568, 1_048_577, 5_000_001];

/** An empty array, a small one, and a part of a larger one. */
function arrays<T extends { subarray(start: number, end: number): T }>(
  ArrayClass: new (elements: number[]) => T,
  elements: number[],
): T[] {
  return [
    new ArrayClass([]),
    new ArrayClass(elements),
    new ArrayClass([9, ...elements, 9]).subarray(1, 1 + elements.length),
  ];
}

/** Values of every type, as arguments and as results. */
export function valueTests(test: Suite, api: () => Api): void {
  const echo = (kernel: string) => api().probe.kernel(kernel);

  for (const [kernel, values] of Object.entries(echoed)) {
    test(`remote() takes and get() returns values of ${kernel.slice(0, -1)}`, async () => {
      const { wray } = api();
      const same = echo(kernel);
      const direct = values.map((value) => same.remote(value));
      const byRef = values.map((value) => same.remote(wray.put(value)));
      for (const results of await Promise.all([wray.get(direct), wray.get(byRef)])) {
        for (const [index, result] of results.entries()) assertSame(result, values[index]);
      }
    });
  }

  test("get() returns undefined when a kernel returns nothing", async () => {
    const { wray, probe } = api();
    assert.is(await wray.get(echo("void_").remote()), undefined);
    assert.is(await wray.get(probe.kernel("nothing").remote()), undefined);
  });

  test("get() returns NaN when a kernel makes it", async () => {
    const { wray, probe } = api();
    assert.ok(Number.isNaN(await wray.get(probe.kernel("nan").remote())));
  });

  test("remote() and get() carry every byte when values are large", async () => {
    const { wray } = api();
    const same = echo("Uint8Array_");
    const values = sizes.map((size) => Uint8Array.from({ length: size }, (_, index) => (index * 31) ^ size));
    const results = await wray.get(values.map((value) => same.remote(value)));
    for (const [index, result] of results.entries()) assertSame(result, values[index]);
  });

  test("remote() and get() carry texts of several MB", async () => {
    const { wray, probe } = api();
    const text = await wray.get(probe.kernel("repeat").remote("日\ud800", 1_000_000));
    assert.ok(text === "日\ud800".repeat(1_000_000));
    assert.ok((await wray.get(echo("string_").remote(text))) === text);
  });

  test("remote() carries many arguments that are too large to travel together", async () => {
    const { wray, probe } = api();
    const parts = ["a", "b"].map((letter) => letter.repeat(600_000));
    assert.ok((await wray.get(probe.kernel("join").remote(...parts))) === parts.join(""));
  });

  test("get() gives small values that the program may change, and asks for again", async () => {
    const { wray } = api();
    const given = new Float64Array(1_000).fill(1);
    for (const ref of [echo("Float64Array_").remote(given), wray.put(given)]) {
      const first = (await wray.get(ref)) as Float64Array;
      first.fill(2);
      assert.equal(((await wray.get(ref)) as Float64Array)[0], 1);
    }
  });
}

/** Of one class and with the same content; zeros of two signs are different, NaNs are not. */
function assertSame(actual: unknown, expected: unknown): void {
  if (typeof expected !== "object") {
    assert.ok(Object.is(actual, expected), `${actual} is not ${expected}`);
    return;
  }
  // A Buffer comes back as the Uint8Array that it is.
  const ExpectedClass = Buffer.isBuffer(expected) ? Uint8Array : expected!.constructor;
  assert.is((actual as object).constructor, ExpectedClass);
  assert.ok(bytesOf(actual).equals(bytesOf(expected)), `the content of the ${ExpectedClass.name} is another`);
}

const bytesOf = (value: unknown): Buffer => {
  if (!ArrayBuffer.isView(value)) return Buffer.from(value as ArrayBuffer);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
};
