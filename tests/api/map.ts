import type { Kernel, ObjectRef } from "wray";
import { assert, rejects, type Suite, throwsCode } from "../support/index.ts";
import type { Api } from "./suite.ts";

/** `map`. */
export function mapTests(test: Suite, api: () => Api): void {
  test("map() calls a kernel for each element, with what is the same for all", async () => {
    const { wray } = api();
    const [add, fib] = [await wray.remote("math/add"), await wray.remote("math/fib")];
    const xs = Float64Array.from({ length: 300 }, (_, index) => index);
    assert.equal(
      await wray.get(add.map(xs, 0.5)),
      xs.map((x) => x + 0.5),
    );
    assert.equal(
      await wray.get(add.map(xs, xs)),
      xs.map((x) => 2 * x),
    );
    assert.equal(
      await wray.get(fib.map(Int32Array.of(0, 1, 2, 92))),
      BigInt64Array.of(0n, 1n, 1n, 7540113804746346429n),
    );
  });

  test("map() gives the array that holds the type of the results", async () => {
    const { wray, probe } = api();
    const cases = [
      ["bool", Uint8Array.of(0, 1, 7), Uint8Array.of(0, 1, 1)],
      ["i8", Int8Array.of(-128, 127), Int8Array.of(-128, 127)],
      ["u8", Uint8Array.of(0, 255), Uint8Array.of(0, 255)],
      ["i16", Int16Array.of(-5, 5), Int16Array.of(-5, 5)],
      ["u16", Uint8Array.of(3), Uint16Array.of(3)],
      ["i32", Int32Array.of(-(2 ** 31)), Int32Array.of(-(2 ** 31))],
      ["u32", Uint32Array.of(2 ** 32 - 1), Uint32Array.of(2 ** 32 - 1)],
      ["i64", BigInt64Array.of(-5n), BigInt64Array.of(-5n)],
      ["u64", BigUint64Array.of(2n ** 64n - 1n), BigUint64Array.of(2n ** 64n - 1n)],
      ["f32", Float64Array.of(0.1), Float32Array.of(0.1)],
      ["f64", Float64Array.of(Number.NaN, -0, 1e300), Float64Array.of(Number.NaN, -0, 1e300)],
    ] as const;
    for (const [type, given, expected] of cases) {
      const result = await wray.get(probe.kernel(`${type}_`).map(given));
      assert.is(result.constructor, expected.constructor, type);
      assert.ok(bytesOf(result).equals(bytesOf(expected)), type);
    }
  });

  test("map() of nothing is nothing, and what it is given may change afterwards", async () => {
    const { wray } = api();
    const add = await wray.remote("math/add");
    assert.equal(await wray.get(add.map(new Float64Array(), 1)), new Float64Array());
    const xs = new Float64Array(2_000).fill(1);
    const ref = add.map(xs, 1);
    xs.fill(5);
    assert.equal(await wray.get(ref), new Float64Array(2_000).fill(2));
  });

  test("map() gives a ref like any other: a task takes it, and wait tells when it is ready", async () => {
    const { wray, probe } = api();
    const add = await wray.remote("math/add");
    const doubled = add.map(Float64Array.of(1, 2, 3), Float64Array.of(1, 2, 3)) as ObjectRef<Float64Array>;
    const same = probe.kernel("Float64Array_").remote(doubled);
    assert.equal((await wray.wait([doubled])).ready, [doubled]);
    assert.equal(await wray.get(same), Float64Array.of(2, 4, 6));
  });

  test("map() starts each call from a clean sandbox", async () => {
    const { wray, probe } = api();
    // Counts in a global; the parameter is of no use.
    const counts = await wray.get(probe.kernel("countAgain").map(new Int32Array(500)));
    assert.equal(counts, new Int32Array(500).fill(1));
  });

  test("map() fails with the error of the call that failed, and tells which", async () => {
    const { wray, probe } = api();
    const values = new Int32Array(400).fill(1);
    values[123] = -1;
    const error = await rejects(wray.get(probe.kernel("positive").map(values)), "TASK_ERROR");
    assert.match(error.message, "the value must be positive");
    assert.is((error as unknown as { data: { index: number } }).data.index, 123);
    assert.equal(await wray.get(probe.kernel("positive").map(Int32Array.of(1, 2))), Int32Array.of(1, 2));
  });

  test("map() gives each call the time limit for itself", async () => {
    const { wray, probe } = api();
    const pi = await wray.remote("math/pi");
    const result = await wray.get(pi.options({ timeoutMs: 1_000 }).map(new Int32Array(20).fill(30_000_000)));
    assert.is(result.length, 20);
    const spin = probe.kernel("spinIf").options({ timeoutMs: 50 });
    const error = await rejects(wray.get(spin.map(Int32Array.of(0, 0, 1, 0))), "TASK_TIMEOUT");
    assert.is((error as unknown as { data: { index: number } }).data.index, 2);
  });

  test("map() gives each call random numbers of its own, which follow from the seed", async () => {
    const { wray, probe } = api();
    const dice = probe.kernel("roll");
    const run = (seed?: string) =>
      wray.get((seed === undefined ? dice : dice.options({ seed })).map(new Int32Array(50)));
    const [one, other, different] = [await run("a"), await run("a"), await run("b")];
    assert.equal(one, other);
    assert.is.not(String(one), String(different));
    assert.is(new Set(one as Float64Array).size, 50);
    const free = dice.map(new Int32Array(50));
    const { seed } = await wray.recording(free);
    assert.equal(await run(seed), await wray.get(free));
  });

  test("cancel() ends a map", async () => {
    const { wray, probe } = api();
    const ref = probe.kernel("spinIf").map(new Int32Array(200).fill(1));
    wray.cancel(ref);
    await rejects(wray.get(ref), "TASK_CANCELLED");
    assert.is(await wray.get((await wray.remote("math/add")).remote(1, 2)), 3);
  });

  test("map() refuses what it can't map, and says why", async () => {
    const { wray, probe } = api();
    const add = await wray.remote("math/add");
    const i32 = probe.kernel("i32_");
    const refused: [() => unknown, string][] = [
      [() => probe.kernel("join").map("a", "b"), "can't be mapped, because its parameter a is none"],
      [() => probe.kernel("nothing").map(), "can't be mapped, because it returns none"],
      [() => add.map(1, 2), "map needs at least one typed array"],
      [() => (add as Kernel).map(Float64Array.of(1)), "takes 2 arguments, but got 1"],
      [() => add.map(Float64Array.of(1), Float64Array.of(1, 2)), "but a has 1 and b has 2"],
      [() => add.map(Float64Array.of(1), "x" as never), "parameter b must be f64"],
      [() => i32.map(Float64Array.of(1)), "the elements of parameter x must be i32"],
      [() => i32.map(BigInt64Array.of(1n)), "the elements of parameter x must be i32"],
      [() => add.map(wray.put(Float64Array.of(1)) as never, 1), "parameter a must be f64"],
    ];
    for (const [call, expected] of refused) {
      const { message } = throwsCode(call, "INVALID_TASK");
      assert.match(message, expected);
    }
  });
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  Buffer.from(buffer, byteOffset, byteLength);
