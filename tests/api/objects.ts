import { ObjectRef, Tensor } from "wray";
import { assert, rejects, type Suite, throwsCode } from "../support/index.ts";
import type { Api } from "./suite.ts";

/** `put`, and refs as arguments. */
export function objectTests(test: Suite, api: () => Api): void {
  test("put() keeps what a value was when it is changed afterwards", async () => {
    const { wray, probe } = api();
    for (const length of [4, 300_000]) {
      const array = new Uint8Array(length).fill(1);
      const sum = probe.kernel("checksum");
      const expected = await wray.get(sum.remote(new Uint8Array(length).fill(1)));
      const refs = [wray.put(array), sum.remote(array)] as const;
      array.fill(9);
      assert.equal(await wray.get(refs[0]), new Uint8Array(length).fill(1));
      assert.is(await wray.get(refs[1]), expected);
      assert.is(await wray.get(sum.remote(refs[0])), expected);
    }
  });

  test("put() takes arrays and plain objects of values", async () => {
    const { wray } = api();
    const value = { list: [1, "two", null, true], nested: { big: 5n, array: Float32Array.of(1, 2) } };
    assert.equal(await wray.get(wray.put(value)), value);
  });

  test("put() takes a tensor, and get() returns it with a view of the object as its data", async () => {
    const { wray } = api();
    for (const rows of [2, 10_000]) {
      const given = new Tensor(new Float64Array(rows * 3).fill(1.5), [rows, 3]);
      const taken = await wray.get(wray.put(given));
      assert.instance(taken, Tensor);
      assert.is(taken.dtype, "Float64Array");
      assert.equal(taken.shape, given.shape);
      assert.equal(taken.data, given.data);
      assert.ok(taken.data.byteOffset > 0);
    }
  });

  test("remote() takes a tensor for its data where a kernel takes the typed array, also as a ref", async () => {
    const { wray, probe } = api();
    const same = probe.kernel("Float32Array_");
    const tensor = new Tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
    assert.equal(await wray.get([same.remote(tensor), same.remote(wray.put(tensor))]), [
      tensor.data,
      tensor.data,
    ]);
  });

  test("remote() refuses a tensor of another type, and its task fails when it is given as a ref", async () => {
    const { wray, probe } = api();
    const same = probe.kernel("Float32Array_");
    for (const kernel of ["Float32Array_", "f64_", "string_", "ArrayBuffer_"]) {
      const error = throwsCode(
        () => probe.kernel(kernel).remote(new Tensor(Float64Array.of(1), [1])),
        "INVALID_TASK",
      );
      assert.match(error.message, "but is a Tensor of Float64Array");
    }
    const failed = wray.get(same.remote(wray.put(new Tensor(Float64Array.of(1), []))));
    const { message } = await rejects(failed, "INVALID_TASK");
    assert.match(message, "must be Float32Array, but is a Tensor of Float64Array");
  });

  test("put() throws when a value can't cross", () => {
    for (const value of [
      () => {},
      Symbol("s"),
      2n ** 64n,
      new Map(),
      { f: () => {} },
      new DataView(new ArrayBuffer(1)),
    ]) {
      throwsCode(() => api().wray.put(value), "INVALID_TASK");
    }
  });

  test("remote() passes refs on when tasks form a chain", async () => {
    const { wray } = api();
    const add = await wray.remote("math/add");
    let ref = wray.put(0);
    for (let step = 0; step < 100; step++) ref = add.remote(ref, 1);
    assert.is(await wray.get(ref), 100);
  });

  test("remote() takes the same ref twice", async () => {
    const { wray, probe } = api();
    const add = await wray.remote("math/add");
    const ref = add.remote(20, 1);
    assert.is(await wray.get(add.remote(ref, ref)), 42);
    const large = probe.kernel("repeat").remote("x", 50_000);
    const joined = await wray.get(probe.kernel("join").remote(large, large));
    assert.ok(joined === "x".repeat(100_000));
  });

  test("remote() joins what it forked when tasks form a diamond", async () => {
    const { wray } = api();
    const [add, mul] = await Promise.all([wray.remote("math/add"), wray.remote("math/mul")]);
    const source = add.remote(1, 2);
    const sink = add.remote(mul.remote(source, 10), mul.remote(source, 100));
    assert.is(await wray.get(sink), 330);
  });

  test("remote() sums a wide tree of tasks through refs", async () => {
    const { wray } = api();
    const add = await wray.remote("math/add");
    let level: ObjectRef<number>[] = Array.from({ length: 256 }, (_, index) => wray.put(index));
    while (level.length > 1) {
      const pairs = level;
      level = Array.from({ length: pairs.length / 2 }, (_, index) =>
        add.remote(pairs[2 * index]!, pairs[2 * index + 1]!),
      );
    }
    assert.is(await wray.get(level[0]!), (255 * 256) / 2);
  });

  test("remote() passes large results from task to task", async () => {
    const { wray, probe } = api();
    const [bytes, checksum] = [probe.kernel("bytes"), probe.kernel("checksum")];
    const large = bytes.remote(3_000_000, 1);
    const sums = await wray.get(Array.from({ length: 6 }, () => checksum.remote(large)));
    const expected = await wray.get(checksum.remote((await wray.get(large)) as Uint8Array));
    assert.equal(new Set(sums), new Set([expected]));
  });

  test("get() rejects what is no ref of this client", async (t) => {
    const { wray, connect } = api();
    const other = await connect(t);
    for (const ref of [
      other.put(1),
      new ObjectRef({ id: "made-up", free() {} }),
      5,
      undefined,
      { id: "x" },
    ]) {
      await rejects(wray.get(ref as ObjectRef), "INVALID_TASK");
      await rejects(wray.wait([ref as ObjectRef]), "INVALID_TASK");
    }
  });
}
