import type { Client, Module } from "wray";
import { partOf } from "../../scheduler/collectives/step.ts";
import type { CollectiveError } from "../../scheduler/protocol/errors.ts";
import { compileOnce } from "../kernels/asc.ts";
import { assert, rejects, type Suite } from "../support/index.ts";

/** A client whose gangs find room for so many members. */
export type GangApi = { wray: Client; mostMembers: number };

const arrays = {
  ...{ I8: Int8Array, U8: Uint8Array, I16: Int16Array, U16: Uint16Array, I32: Int32Array, U32: Uint32Array },
  ...{ I64: BigInt64Array, U64: BigUint64Array, F32: Float32Array, F64: Float64Array },
} as const;
type Numbers = InstanceType<(typeof arrays)[keyof typeof arrays]>;

const reductions = {
  sum: (a: number, b: number) => a + b,
  prod: (a: number, b: number) => a * b,
  min: (a: number, b: number) => Math.min(a, b),
  max: (a: number, b: number) => Math.max(a, b),
};

/** Tasks that work together. @param way how their members reach each other */
export function gangTests(test: Suite, api: () => GangApi, way = "in one process"): void {
  let gang: Module;
  test.before(async () => {
    gang = await api().wray.load(await compileOnce("tests/api/fixtures/gang.ts"));
  });
  const callsOf = (size: number, argsOf: (rank: number) => unknown[]) =>
    Array.from({ length: size }, (_, rank) => argsOf(rank));
  const run = async (kernel: string, calls: unknown[][]) =>
    api().wray.get(await gang.kernel(kernel).gang(calls));

  test(`rank() and size() tell a member of a gang which it is, ${way}`, async () => {
    const size = api().mostMembers;
    assert.equal(
      await run(
        "who",
        callsOf(size, () => []),
      ),
      callsOf(size, (rank) => [`${rank} of ${size}`]).flat(),
    );
  });

  for (const [type, Array_] of Object.entries(arrays)) {
    test(`every collective is right for ${type}, of any length, by every reduction, ${way}`, async () => {
      const isLong = type.endsWith("64") && !type.startsWith("F");
      for (let size = 1; size <= api().mostMembers; size++) {
        for (const [reduction, reduce] of Object.entries(reductions)) {
          const length = [0, 1, 7, 2 * size, 2_501][(size + reduction.length) % 5]!;
          const root = size - 1;
          // So small that no product is rounded, and that all fit.
          const numbers = callsOf(size, (rank) =>
            Array.from({ length }, (_, index) => 1 + ((3 * rank + index) % 3)),
          ) as number[][];
          const make = (values: number[]) =>
            new Array_(values.map((each) => (isLong ? BigInt(each) : each)) as never);
          const whole = (numbers[0] ?? []).map((_, index) =>
            numbers.map((each) => each[index]!).reduce(reduce),
          );
          const results = await run(
            `all${type}`,
            numbers.map((each) => [make(each), reduction, root]),
          );
          for (const [rank, result] of (results as Numbers[][]).entries()) {
            const own = numbers[rank]!;
            const { start, count } = partOf(length, size, rank);
            assert.equal(
              result,
              [
                numbers[root]!,
                rank === root ? whole : own,
                whole,
                numbers.flat(),
                whole.slice(start, start + count),
                numbers[(rank + size - 1) % size]!,
              ].map(make),
              `${reduction} of ${length} for rank ${rank} of ${size}`,
            );
          }
        }
      }
    });
  }

  test(`allReduce() gives all the same bits, and the same ones each time, of floats that round, ${way}`, async () => {
    const size = api().mostMembers;
    // By a tree, and by a ring.
    for (const length of [1_001, 100_003]) {
      const both = [];
      for (let time = 0; time < 2; time++) {
        both.push(
          (await run(
            "rounding",
            callsOf(size, (rank) => [rank, length]),
          )) as Float32Array[],
        );
      }
      const bits = (array: Float32Array) => Buffer.from(array.slice().buffer);
      const [first] = both[0]!;
      assert.ok(new Set(first).size > length / 2);
      for (const result of both.flat()) assert.ok(bits(result).equals(bits(first!)));
    }
  });

  test(`allReduce() of much more than fits on the way is right, over and over, ${way}`, async () => {
    const size = api().mostMembers;
    const results = await run(
      "rounds",
      callsOf(size, () => [3, 1_000_003]),
    );
    assert.equal(results, callsOf(size, () => [size]).flat());
    assert.equal(
      await run(
        "rounds",
        callsOf(size, () => [200, 5]),
      ),
      callsOf(size, () => [size]).flat(),
    );
  });

  test(`a member that is none of a gang, or does what makes no sense, fails and says why, ${way}`, async () => {
    const { wray } = api();
    const alone = await rejects(wray.get(gang.kernel("who").remote()), "TASK_ERROR");
    assert.match(alone.message, "is no member of a gang");
    const wrong = async (deeds: string[], expected: RegExp) => {
      const refs = await gang.kernel("each").gang(deeds.map(() => [deeds]));
      const errors = await Promise.all(
        refs.map((ref) =>
          wray.get(ref).then(
            () => undefined,
            (error) => error,
          ),
        ),
      );
      const own = errors.filter((error) => error?.code === "TASK_ERROR");
      assert.ok(
        own.some(({ message }) => expected.test(message)),
        `${errors.map(String)}`,
      );
      for (const error of errors) if (!own.includes(error)) assert.is(error?.code, "COLLECTIVE_FAILED");
    };
    await wrong(
      ["reduce other", "reduce"],
      /allReduce by sum of [23] f64 .*, and rank \d allReduce by sum of [23] f64/,
    );
    await wrong(["reduce by nothing", "reduce"], /"mean" is none of sum, prod, min, max/);
    await wrong(["send to nobody", "reduce"], /rank 0 of a gang of 2 can't talk to rank 2/);
    await wrong(["take bytes", "send"], /rank 0 of its gang takes an array of u8, and rank 1 send of 2 f64/);
    await wrong(["take bytes", "reduce"], /takes an array of u8, and rank 1 allReduce/);
  });

  test(`when a member fails, is cancelled, times out or returns, the others hear of it at once, ${way}`, async () => {
    const { wray } = api();
    const size = api().mostMembers;
    const lost = size - 1;
    for (const kernel of ["each", "never"]) {
      for (const deed of ["fail", "spin", "return"] as const) {
        if (kernel === "never" && deed === "fail") continue;
        const deeds = callsOf(size, (rank) => [rank === lost ? deed : "reduce"]).flat();
        const started = gang.kernel(kernel).options({ cpuMs: deed === "spin" ? 500 : 60_000 });
        const refs = await started.gang(deeds.map(() => [deeds]));
        const { ready } = await wray.wait(refs.slice(0, lost), { numReturns: lost });
        assert.is(ready.length, lost);
        for (const ref of ready) {
          const error = (await rejects(wray.get(ref), "COLLECTIVE_FAILED")) as CollectiveError;
          assert.is(error.data.rank, lost, `${kernel} ${deed}: ${error.message}`);
          assert.type(error.data.group, "string");
          assert.ok(error.remedy);
        }
        const own = await wray.get(refs[lost]!).then(String, ({ code }) => code);
        // What the others say of one that has returned may come before what it returns.
        const expected = {
          fail: ["TASK_ERROR"],
          spin: ["TASK_TIMEOUT"],
          return: ["-1", "COLLECTIVE_FAILED"],
        };
        assert.ok(expected[deed].includes(own), own);
      }
    }
    const deeds = callsOf(size, (rank) => [rank === lost ? "spin" : "reduce"]).flat();
    const refs = await gang.kernel("each").gang(deeds.map(() => [deeds]));
    wray.cancel(refs[lost]!);
    await rejects(wray.get(refs[lost]!), "TASK_CANCELLED");
    for (const ref of refs.slice(0, lost)) {
      const error = (await rejects(wray.get(ref), "COLLECTIVE_FAILED")) as CollectiveError;
      assert.is(error.data.rank, lost);
      assert.is((error.cause as { code?: string }).code, "TASK_CANCELLED");
    }
    // Their workers are free again.
    assert.equal(
      await run(
        "who",
        callsOf(size, () => []),
      ),
      callsOf(size, (rank) => [`${rank} of ${size}`]).flat(),
    );
  });

  test(`two that send each other more than fits wait, and their time ends that, ${way}`, async () => {
    const { wray } = api();
    const refs = await gang
      .kernel("each")
      .options({ timeoutMs: 500 })
      .gang([[["send much", "send much"]], [["send much", "send much"]]]);
    const codes = await Promise.all(refs.map((ref) => wray.get(ref).then(String, ({ code }) => code)));
    assert.ok(codes.includes("TASK_TIMEOUT"), codes.join());
    assert.ok(
      codes.every((code) => code === "TASK_TIMEOUT" || code === "COLLECTIVE_FAILED"),
      codes.join(),
    );
  });
}
