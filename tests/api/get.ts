import { assert, rejects, type Suite } from "../support/index.ts";
import type { Api } from "./suite.ts";

/** Rounds of `busy` that take longer than anything that a test does meanwhile; a test stops them by its time limit. */
const manyRounds = 2_000_000_000;

/** `get` and `wait`. */
export function getTests(test: Suite, api: () => Api): void {
  test("get() keeps the order of its list, with refs given twice, and takes an empty one", async () => {
    const { wray } = api();
    const add = await wray.remote("math/add");
    const refs = Array.from({ length: 50 }, (_, index) => add.remote(index, 0));
    const mixed = [...refs.reverse(), refs[0]!];
    assert.equal(await wray.get(mixed), [...Array.from({ length: 50 }, (_, index) => 49 - index), 49]);
    assert.equal(await wray.get([]), []);
  });

  test("get() rejects with the first failure while others are pending", async () => {
    const { wray, probe } = api();
    const failing = probe.kernel("trap").remote();
    const pending = probe.kernel("busy").options({ timeoutMs: 300 }).remote("on", manyRounds);
    const { message } = await rejects(wray.get([pending, failing]), "TASK_ERROR");
    assert.match(message, "probe/trap");
    await rejects(wray.get(pending, { timeoutMs: 0 }), "GET_TIMEOUT");
    await rejects(wray.get(pending), "TASK_TIMEOUT");
  });

  test("get() rejects with GET_TIMEOUT, and the task goes on, when timeoutMs is over", async () => {
    const { wray, probe } = api();
    const slow = probe.kernel("busy").options({ timeoutMs: 300 }).remote("slow", manyRounds);
    for (const timeoutMs of [0, 20]) {
      const error = await rejects(wray.get([wray.put(1), slow], { timeoutMs }), "GET_TIMEOUT");
      assert.match(error.message, `1 of 2 refs were not ready within ${timeoutMs} ms`);
      assert.equal((error as unknown as { data: unknown }).data, { timeoutMs, pending: [slow.id] });
    }
    await rejects(wray.get(slow), "TASK_TIMEOUT");
  });

  test("get() returns what is ready when timeoutMs is 0", async () => {
    const { wray, probe } = api();
    const small = (await wray.remote("math/add")).remote(1, 2);
    const large = probe.kernel("bytes").remote(2_000_000, 1);
    await wray.wait([small, large], { numReturns: 2 });
    assert.is(await wray.get(small, { timeoutMs: 0 }), 3);
    assert.is(await wray.get(wray.put(7), { timeoutMs: 0 }), 7);
    assert.is(((await wray.get(large, { timeoutMs: 0 })) as Uint8Array).length, 2_000_000);
  });

  test("get() rejects a timeoutMs that is no time", async () => {
    const { wray } = api();
    for (const timeoutMs of [-1, Number.NaN, "5" as unknown as number]) {
      await rejects(wray.get(wray.put(1), { timeoutMs }), "INVALID_TASK");
      await rejects(wray.wait([wray.put(1)], { timeoutMs }), "INVALID_TASK");
    }
  });

  test("wait() divides the refs, in order, when numReturns are ready", async () => {
    const { wray, probe } = api();
    const slow = probe.kernel("busy").options({ timeoutMs: 400 }).remote("slow", manyRounds);
    const [a, b, c] = [wray.put("a"), wray.put("b"), wray.put("c")];
    assert.equal(await wray.wait([slow, a, b]), { ready: [a], pending: [slow, b] });
    assert.equal(await wray.wait([c, slow, a], { numReturns: 2 }), { ready: [c, a], pending: [slow] });
    assert.equal(await wray.wait([slow, a], { numReturns: 2, timeoutMs: 0 }), {
      ready: [a],
      pending: [slow],
    });
    const { ready } = await wray.wait([slow, a], { numReturns: 2 });
    assert.equal(ready, [slow, a]);
  });

  test("wait() counts a failed ref as ready", async () => {
    const { wray, probe } = api();
    const failed = probe.kernel("trap").remote();
    assert.equal(await wray.wait([failed]), { ready: [failed], pending: [] });
  });

  test("wait() rejects a ref given twice and a numReturns out of range", async () => {
    const { wray } = api();
    const ref = wray.put(1);
    const { message } = await rejects(wray.wait([ref, ref]), "INVALID_TASK");
    assert.match(message, "the same ref twice");
    for (const numReturns of [0, -1, 1.5, 2, Number.NaN]) {
      await rejects(wray.wait([ref], { numReturns }), "INVALID_TASK");
    }
    await rejects(wray.wait([]), "INVALID_TASK");
  });
}
