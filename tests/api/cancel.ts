import { assert, rejects, type Suite } from "../support/index.ts";
import type { Api } from "./suite.ts";

/** `cancel`. */
export function cancelTests(test: Suite, api: () => Api): void {
  test("cancel() ends a running task, and the next one works", async () => {
    const { wray, probe } = api();
    const ref = probe.kernel("busy").remote("on", 2_000_000_000);
    // What runs beside it on the same worker shows that it has ended.
    const { pending } = await wray.wait([ref], { timeoutMs: 0 });
    assert.equal(pending, [ref]);
    wray.cancel(ref);
    const { message } = await rejects(wray.get(ref), "TASK_CANCELLED");
    assert.match(message, "probe/busy was cancelled");
    assert.is(await wray.get(probe.kernel("divide").remote(6, 3)), 2);
  });

  test("cancel() keeps waiting tasks from running, and fails the tasks that take them", async () => {
    const { wray, probe } = api();
    const spinning = Array.from({ length: 8 }, () => probe.kernel("busy").remote("on", 2_000_000_000));
    const waiting = probe.kernel("join").remote("a", "b");
    const dependant = probe.kernel("join").remote(waiting, "c");
    wray.cancel(waiting);
    const error = await rejects(wray.get(dependant), "TASK_CANCELLED");
    assert.equal((error as unknown as { data: { chain: string[] } }).data.chain, ["probe/join"]);
    for (const ref of spinning) wray.cancel(ref);
    for (const ref of spinning) await rejects(wray.get(ref), "TASK_CANCELLED");
    assert.is(await wray.get(probe.kernel("join").remote("a", "b")), "ab");
  });

  test("cancel() changes nothing of what is done", async () => {
    const { wray, probe } = api();
    const done = probe.kernel("join").remote("a", "b");
    await wray.get(done);
    wray.cancel(done);
    wray.cancel(done);
    assert.is(await wray.get(done), "ab");
    const put = wray.put(1);
    wray.cancel(put);
    assert.is(await wray.get(put), 1);
  });

  test("cancel() races with the end of tasks, and each has one outcome", async () => {
    const { wray, probe } = api();
    const refs = Array.from({ length: 300 }, (_, index) => probe.kernel("busy").remote(`${index}`, 20_000));
    const outcomes = refs.map((ref) =>
      wray.get(ref).then(
        (value) => String(value),
        ({ code }: { code: string }) => code,
      ),
    );
    for (const [index, ref] of refs.entries()) {
      if (index % 3 === 0) await wray.wait([refs[Math.max(0, index - 2)]!]);
      wray.cancel(ref);
    }
    for (const [index, outcome] of (await Promise.all(outcomes)).entries()) {
      assert.ok(outcome === `${index}` || outcome === "TASK_CANCELLED", outcome);
    }
    assert.equal(
      wray.nodes().map(({ tasksPending }) => tasksPending),
      wray.nodes().map(() => 0),
    );
    assert.is(await wray.get(probe.kernel("join").remote("a", "b")), "ab");
  });
}
