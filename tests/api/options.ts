import { assert, rejects, type Suite, throwsCode } from "../support/index.ts";
import type { Api } from "./suite.ts";

/** `options` of a task. */
export function optionTests(test: Suite, api: () => Api): void {
  test("options() throws when an option does not exist or its value is out of range", () => {
    const { probe } = api();
    const bad: [options: object, message: string][] = [
      [{ timeout: 5 }, 'unknown option "timeout"'],
      [{ timeoutMs: 0 }, "timeoutMs must be an integer from 1"],
      [{ timeoutMs: 1.5 }, "but is 1.5"],
      [{ timeoutMs: "5" }, "but is 5"],
      [{ timeoutMs: 2 ** 31 }, "but is 2147483648"],
      [{ maxRetries: -1 }, "maxRetries must be an integer from 0"],
      [{ maxRetries: Number.POSITIVE_INFINITY }, "but is Infinity"],
      [{ maxRetries: null }, "but is null"],
    ];
    for (const [options, expected] of bad) {
      const { message } = throwsCode(() => probe.kernel("nothing").options(options), "INVALID_TASK");
      assert.match(message, expected);
    }
  });

  test("options() leaves the kernel it was called on as it is", async () => {
    const { wray, probe } = api();
    const busy = probe.kernel("busy");
    const limited = busy.options({ timeoutMs: 1 }).options({ maxRetries: 0 });
    assert.is(await wray.get(busy.remote("free", 20_000_000)), "free");
    await rejects(wray.get(limited.remote("limited", 2_000_000_000)), "TASK_TIMEOUT");
  });

  test("get() rejects with TASK_TIMEOUT, and the next task works, when a task runs too long", async () => {
    const { wray, probe } = api();
    const error = await rejects(
      wray.get(probe.kernel("spin").options({ timeoutMs: 50 }).remote()),
      "TASK_TIMEOUT",
    );
    assert.match(error.message, "probe/spin ran longer than its 50 ms");
    const { thread, ...data } = (error as unknown as { data: { thread: number } }).data;
    assert.equal(data, { kernel: "probe/spin", timeoutMs: 50 });
    assert.ok(thread > 0);
    assert.is(await wray.get(probe.kernel("join").remote("a", "b")), "ab");
  });

  test("get() gives the other tasks' results when one of many runs too long", async () => {
    const { wray, probe } = api();
    const join = probe.kernel("join");
    const before = Array.from({ length: 20 }, (_, index) => join.remote("b", `${index}`));
    const endless = probe.kernel("spin").options({ timeoutMs: 100 }).remote();
    const after = Array.from({ length: 20 }, (_, index) => join.remote("a", `${index}`));
    assert.is((await wray.get([...before, ...after])).join(" ").length, 40 * 2 + 20 + 39);
    await rejects(wray.get(endless), "TASK_TIMEOUT");
  });
}
