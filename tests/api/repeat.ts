import type { Module } from "wray";
import { assert, rejects, type Suite, throwsCode } from "../support/index.ts";
import { compileTo } from "./modules.ts";
import type { Api } from "./suite.ts";

/** What a task can be told apart by, and how it is run again to the same result. */
export function repeatTests(test: Suite, api: () => Api): void {
  let nested: Module;
  let clock: Module;
  test.before(async (t) => {
    [nested, clock] = (await Promise.all(
      ["nested", "clock"].map(async (name) =>
        api().wray.load(await compileTo(t, `tests/api/fixtures/${name}.ts`)),
      ),
    )) as [Module, Module];
  });

  test("random() follows from the seed alone, in nested tasks too, on whatever host it runs", async () => {
    const { wray } = api();
    for (const kernel of ["dice", "nestedDice"]) {
      const args = kernel === "dice" ? [6] : [];
      const roll = (seed: string) =>
        nested
          .kernel(kernel)
          .options({ seed })
          .remote(...args);
      const same = await wray.get(Array.from({ length: 12 }, () => roll("a seed")));
      assert.is(new Set(same.map((numbers) => String(numbers))).size, 1);
      const [other] = await wray.get([roll("another seed")]);
      assert.is.not(String(other), String(same[0]));
    }
  });

  test("random() is what it is documented to be", async () => {
    const { wray } = api();
    const numbers = (await wray.get(
      nested.kernel("dice").options({ seed: "wray" }).remote(1_000),
    )) as Float64Array;
    assert.ok(numbers.every((number) => number >= 0 && number < 1));
    const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    assert.ok(Math.abs(mean - 0.5) < 0.05, `a mean of ${mean}`);
  });

  test("random() differs from task to task unless they are given one seed", async () => {
    const { wray } = api();
    const rolls = await wray.get(Array.from({ length: 10 }, () => nested.kernel("dice").remote(2)));
    assert.is(new Set(rolls.map((numbers) => String(numbers))).size, 10);
  });

  test("recording() gives the seed with which a task repeats", async () => {
    const { wray } = api();
    const first = nested.kernel("dice").remote(5);
    const again = nested
      .kernel("dice")
      .options(await wray.recording(first))
      .remote(5);
    assert.equal(await wray.get(again), await wray.get(first));
    await rejects(wray.recording(wray.put(1)), "INVALID_TASK");
  });

  test("a module that looks at the clock runs only for tasks that are granted it", async () => {
    const { wray } = api();
    const readings = clock.kernel("readings");
    const error = throwsCode(() => readings.remote(1), "INVALID_TASK");
    assert.match(error.message, "clock/readings: its module uses clock, which the task is not granted");
    const beforeMs = Date.now();
    const [now] = (await wray.get(readings.options({ grant: ["clock"] }).remote(1))) as Float64Array;
    assert.ok(now! >= beforeMs && now! <= Date.now());
  });

  test("recording() gives what the clock said, and the replay hears the same", async () => {
    const { wray } = api();
    const readings = clock.kernel("readings").options({ grant: ["clock"] });
    for (const count of [3, 2_000]) {
      const first = readings.remote(count);
      const recording = await wray.recording(first);
      assert.is(recording.clock?.length, count);
      const again = readings.options(recording).remote(count);
      assert.equal(await wray.get(again), await wray.get(first));
      assert.equal([...((await wray.get(first)) as Float64Array)], recording.clock);
    }
    const short = readings.options({ clock: [1, 2] });
    assert.equal(await wray.get(short.remote(2)), Float64Array.of(1, 2));
    await rejects(wray.get(short.remote(3)), "TASK_ERROR");
    await rejects(wray.get(readings.remote(20_000)), "LIMIT_EXCEEDED");
  });
}
