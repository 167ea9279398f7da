import { type Module, TaskError, TaskTimeoutError } from "wray";
import { compileOnce } from "../kernels/asc.ts";
import { assert, rejects, type Suite, throwsCode } from "../support/index.ts";
import type { Api } from "./suite.ts";

/** Tasks that are tried again after an error of their own. */
export function retryTests(test: Suite, api: () => Api): void {
  let nested: Module;
  test.before(async () => {
    nested = await api().wray.load(await compileOnce("tests/api/fixtures/nested.ts"));
  });

  /** The first number that a task draws of this seed. */
  const drawnOf = async (seed: string) =>
    (await api().wray.get(nested.kernel("draw").options({ seed }).remote(0))) as number;

  /** A seed whose first two attempts draw less than the third, and what is between. */
  async function thirdTimeLucky() {
    for (let index = 0; ; index++) {
      const seed = `seed ${index}`;
      const [first, second, third] = await Promise.all([seed, `${seed}~1`, `${seed}~2`].map(drawnOf));
      const most = Math.max(first!, second!);
      if (third! > most) return { seed, third: third!, least: (most + third!) / 2 };
    }
  }

  test("retryErrors has a task tried again with other random numbers, and recording() tells those that it succeeded with", async () => {
    const { wray } = api();
    const { seed, third, least } = await thirdTimeLucky();
    const { tasksRetried } = wray.stats();
    for (const retryErrors of [true, [TaskError], [TaskTimeoutError, TaskError]]) {
      const ref = nested.kernel("draw").options({ seed, retryErrors }).remote(least);
      assert.is(await wray.get(ref), third);
      const recording = await wray.recording(ref);
      assert.is(recording.seed, `${seed}~2`);
      assert.is(await wray.get(nested.kernel("draw").options(recording).remote(least)), third);
    }
    assert.is(wray.stats().tasksRetried - tasksRetried, 3 * 2);
  });

  test("retryErrors leaves a task whose seed is its own id with what it succeeded with", async () => {
    const { wray } = api();
    const lucky = nested.kernel("draw").options({ retryErrors: true, maxRetries: 30 });
    const refs = Array.from({ length: 12 }, () => lucky.remote(0.5));
    const values = await wray.get(refs);
    for (const [index, ref] of refs.entries()) {
      const recording = await wray.recording(ref);
      assert.ok(recording.seed.startsWith(ref.id), recording.seed);
      assert.is(await wray.get(nested.kernel("draw").options(recording).remote(0.5)), values[index]);
    }
  });

  test("a task is not tried again after errors that retryErrors does not name, nor more often than maxRetries", async () => {
    const { wray, probe } = api();
    const { seed, least } = await thirdTimeLucky();
    const draw = nested.kernel("draw").options({ seed });
    const before = wray.stats().tasksRetried;
    for (const retryErrors of [undefined, false, [], [TaskTimeoutError]]) {
      const options = retryErrors === undefined ? {} : { retryErrors };
      await rejects(wray.get(draw.options(options).remote(least)), "TASK_ERROR");
    }
    assert.is(wray.stats().tasksRetried, before);
    const once = draw.options({ retryErrors: true, maxRetries: 1 });
    await rejects(wray.get(once.remote(least)), "TASK_ERROR");
    assert.is(wray.stats().tasksRetried, before + 1);
    const late = probe
      .kernel("spin")
      .options({ timeoutMs: 20, maxRetries: 2, retryErrors: [TaskTimeoutError] });
    await rejects(wray.get(late.remote()), "TASK_TIMEOUT");
    assert.is(wray.stats().tasksRetried, before + 3);
  });

  test("cancel() ends a task that waits to be tried again", async () => {
    const { wray } = api();
    const { tasksRetried } = wray.stats();
    const ref = nested.kernel("draw").options({ retryErrors: true, maxRetries: 1_000 }).remote(2);
    while (wray.stats().tasksRetried < tasksRetried + 2) await new Promise(setImmediate);
    wray.cancel(ref);
    await rejects(wray.get(ref), "TASK_CANCELLED");
    assert.is(wray.stats().tasksRetried, tasksRetried + 2);
  });

  test("map() tries calls again, each by itself", async () => {
    const { wray, probe } = api();
    const least = Float64Array.from({ length: 20 }, (_, index) => (index % 2) / 2);
    // The one may submit tasks, and the other not.
    for (const module of [nested, probe]) {
      const { tasksRetried } = wray.stats();
      const lucky = module.kernel("draw").options({ retryErrors: [TaskError], maxRetries: 30 });
      const drawn = (await wray.get(lucky.map(least))) as Float64Array;
      assert.ok(drawn.every((number, index) => number >= least[index]!));
      assert.ok(wray.stats().tasksRetried > tasksRetried);
    }
  });

  test("options() refuses in retryErrors what is no error class of wray", () => {
    for (const retryErrors of ["TASK_ERROR", ["TASK_ERROR"], [Error], 1, null]) {
      const draw = nested.kernel("draw");
      const { message } = throwsCode(() => draw.options({ retryErrors } as object), "INVALID_TASK");
      assert.match(message, "retryErrors must be true, false, or a list of error classes of wray");
    }
  });
}
