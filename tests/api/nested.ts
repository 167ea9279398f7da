import type { Module, Progress } from "wray";
import { assert, rejects, type Suite } from "../support/index.ts";
import { compileTo } from "./modules.ts";
import type { Api } from "./suite.ts";

/** Tasks that submit tasks. */
export function nestedTests(test: Suite, api: () => Api): void {
  let nested: Module;
  test.before(async (t) => {
    nested = await api().wray.load(await compileTo(t, "tests/api/fixtures/nested.ts"));
  });
  const run = (kernel: string, ...args: unknown[]) => api().wray.get(nested.kernel(kernel).remote(...args));

  test("remote<T>() in a kernel passes and returns every kind of value", async () => {
    assert.is(
      await run("roundTrip"),
      "true, 255, -7, 18446744073709551615, 0.25, π 🚀, 2, 1+2+3, 1.5 2.5 here",
    );
  });

  test("remote<T>() in a kernel takes refs of tasks and of what was put, and get() may repeat", async () => {
    assert.is(await run("refs"), 400 * 10 + 400);
  });

  test("get() in a kernel lets others have the cpu, so that a chain of 100 tasks ends", async () => {
    assert.is(await run("depth", 100), 100);
  });

  test("remote<T>() in a kernel makes fib(12) of one task for each call", async () => {
    assert.is(await run("fib", 12), 144n);
  });

  test("wait() in a kernel returns the refs that are ready, and ends with its time", async () => {
    assert.is(await run("firstTwo"), "true 2 3.0 7.0");
  });

  test("a task's own tasks end when it ends, whether it waits for them or not", async () => {
    const { wray } = api();
    await run("parent", false);
    const late = nested.kernel("parent").options({ timeoutMs: 100 }).remote(true);
    await rejects(wray.get(late), "TASK_TIMEOUT");
    const cancelled = nested.kernel("parent").remote(true);
    wray.cancel(cancelled);
    await rejects(wray.get(cancelled), "TASK_CANCELLED");
    // With all workers held by tasks that never end, this would not come back.
    assert.equal(await Promise.all([run("sameInt", 1), run("sameInt", 2), run("sameInt", 3)]), [1, 2, 3]);
  });

  test("get() in a kernel fails the task with the error of the one it waits for, and the chain", async () => {
    const error = await rejects(run("failing", "nested/fail"), "TASK_ERROR");
    assert.match(error.message, "nested/fail: deep down");
    assert.equal((error as unknown as { data: { chain: string[] } }).data.chain, ["nested/failing"]);
    await rejects(run("failing", "nested/absent"), "KERNEL_NOT_FOUND");
    await rejects(run("failing", "absent/fail"), "MODULE_NOT_FOUND");
    await rejects(run("failing", "nested/sameInt"), "INVALID_TASK");
    await rejects(run("failing", "no kernel's name"), "KERNEL_NOT_FOUND");
  });

  test("get() in a kernel rejects a ref that was freed", async () => {
    assert.match((await rejects(run("freed"), "TASK_ERROR")).message, "1 is no ref of this task");
  });

  test("maxNested limits the tasks under way, not those that have ended", async () => {
    const { wray } = api();
    const limited = { maxNested: 20 };
    assert.is(await wray.get(nested.kernel("stream").options(limited).remote(300)), 44_850);
    const error = await rejects(
      wray.get(nested.kernel("many").options(limited).remote(3_000)),
      "LIMIT_EXCEEDED",
    );
    assert.is((error as unknown as { data: { limit: string } }).data.limit, "maxNested");
    assert.is(await run("many", 300), 45_150);
  });

  test("a task without the grant submit runs nothing of a module that submits", async () => {
    const alone = nested.kernel("sameInt").options({ grant: ["log"] });
    const { message } = await rejects((async () => api().wray.get(alone.remote(1)))(), "INVALID_TASK");
    assert.match(message, "nested/sameInt: its module uses submit, which the task is not granted");
  });

  test("progress() in a kernel reaches the program that submitted the task", async () => {
    const heard: Progress[] = [];
    const onProgress = (progress: Progress) => void heard.push(progress);
    await api().wray.get(nested.kernel("report").options({ onProgress }).remote(5));
    assert.equal(heard[0], { fraction: 0.2, text: "step 1" });
    const fractions = heard.map(({ fraction }) => fraction);
    assert.equal(fractions, [...fractions].sort());
  });
}
