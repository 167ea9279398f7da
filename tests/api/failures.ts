import type { TaskError } from "wray";
import { assert, rejects, type Suite } from "../support/index.ts";
import type { Api } from "./suite.ts";

type Details = { data: { kernel?: string; position?: string; chain?: string[] } };

/** How tasks fail, and what the next one sees. */
export function failureTests(test: Suite, api: () => Api): void {
  const fails = (kernel: string, ...args: unknown[]) => {
    const { wray, probe } = api();
    return rejects(wray.get(probe.kernel(kernel).remote(...args)), "TASK_ERROR") as Promise<
      TaskError & Details
    >;
  };

  test("get() rejects with the message and its place when a kernel throws", async () => {
    const { message, data, name } = await fails("fail", "out of luck");
    assert.match(message, /^probe\/fail: out of luck \(at tests\/api\/fixtures\/probe\.ts:14:\d+\)$/);
    assert.is(data.kernel, "probe/fail");
    assert.match(data.position!, /^tests\/api\/fixtures\/probe\.ts:14:\d+$/);
    assert.is(name, "TaskError");
  });

  test("get() rejects with the assertion when a kernel's assertion fails", async () => {
    const { message } = await fails("positive", -1);
    assert.match(message, "probe/positive: the value must be positive (at tests/api/fixtures/probe.ts:18:");
  });

  for (const [kernel, args, expected] of [
    ["trap", [], /probe\/trap: unreachable/],
    ["divide", [1, 0], /probe\/divide: divide by zero/],
    ["divide", [-2_147_483_648, -1], /probe\/divide: divide result unrepresentable/],
    ["hoard", [], /probe\/hoard: Invalid length/],
  ] as const) {
    test(`get() rejects with the kernel's name, and the next task works, after ${kernel}(${args})`, async () => {
      const { wray, probe } = api();
      const { message, data } = await fails(kernel, ...args);
      assert.match(message, expected);
      assert.is(data.kernel, `probe/${kernel}`);
      assert.is(await wray.get(probe.kernel("divide").remote(6, 3)), 2);
    });
  }

  test("remote() runs no task whose argument failed, and get() names the chain", async () => {
    const { wray, probe } = api();
    const first = probe.kernel("fail").remote("the cause");
    const ref = probe.kernel("repeat").remote(probe.kernel("join").remote("a", first), 2);
    const error = (await rejects(wray.get(ref), "TASK_ERROR")) as unknown as TaskError & Details;
    assert.match(error.message, "probe/fail: the cause");
    assert.equal(error.data.chain, ["probe/join", "probe/repeat"]);
    assert.is(error.data.kernel, "probe/fail");
  });

  test("get() keeps the code of an argument's error when it is no failure of a kernel", async () => {
    const { wray, probe } = api();
    const late = probe.kernel("spin").options({ timeoutMs: 30 }).remote();
    await rejects(wray.get(probe.kernel("positive").remote(late)), "TASK_TIMEOUT");
    const mistyped = probe.kernel("join").remote("a", wray.put(1));
    await rejects(wray.get(probe.kernel("join").remote(mistyped, mistyped)), "INVALID_TASK");
  });

  test("get() rejects each time when a ref failed, and it still serves as an argument", async () => {
    const { wray, probe } = api();
    const failed = probe.kernel("trap").remote();
    await rejects(wray.get(failed), "TASK_ERROR");
    await rejects(wray.get(failed), "TASK_ERROR");
    await rejects(wray.get(probe.kernel("positive").remote(failed)), "TASK_ERROR");
  });

  test("remote() runs each task in a clean module when tasks leave traces", async () => {
    const { wray, probe } = api();
    const refs = Array.from({ length: 30 }, () => probe.kernel("count").remote());
    assert.equal(new Set(await wray.get(refs)), new Set([1]));
    await fails("fail", "on the way");
    assert.is(await wray.get(probe.kernel("count").remote()), 1);
  });
}
