import type { Client, Module, TaskOptions } from "wray";
import { compileOnce } from "../kernels/asc.ts";
import { assert, rejects, type Suite, throwsCode } from "../support/index.ts";
import type { Api } from "./suite.ts";

/** Some milliseconds. */
const rounds = 3_000_000;

/** When and where a task is run, by its options. */
export function schedulingTests(test: Suite, api: () => Api): void {
  const busy = (options: TaskOptions, module = api().probe) => module.kernel("busy").options(options);

  /** Tasks that never end, one for each cpu. */
  const occupy = (wray: Client) =>
    wray
      .nodes()
      .flatMap(({ cpus }) => Array.from({ length: cpus }, () => api().probe.kernel("spin").remote()));

  test("a task that waits longer than its ttlMs is not run, and one that misses its deadline is ended", async () => {
    const { wray, probe } = api();
    const endless = occupy(wray);
    await rejects(wray.get(busy({ ttlMs: 100 }).remote("x", 1)), "TASK_EXPIRED");
    await rejects(wray.get(busy({ deadlineMs: 100 }).remote("x", 1)), "TASK_TIMEOUT");
    for (const ref of endless) wray.cancel(ref);
    for (const ref of endless) await rejects(wray.get(ref), "TASK_CANCELLED");
    const spin = probe.kernel("spin").options({ deadlineMs: 100 });
    const late = await rejects(wray.get(spin.remote()), "TASK_TIMEOUT");
    assert.match(late.message, "probe/spin");
    assert.is(await wray.get(busy({ ttlMs: 10_000, deadlineMs: 10_000 }).remote("x", 1)), "x");
  });

  test("a deadline ends what waits for an argument, what takes its result, and what it has submitted", async () => {
    const { wray, probe } = api();
    const endless = probe.kernel("spinIf").remote(1);
    const waiting = probe.kernel("positive").options({ deadlineMs: 100 }).remote(endless);
    await rejects(wray.get(probe.kernel("positive").remote(waiting)), "TASK_TIMEOUT");
    wray.cancel(endless);
    const nested = await wray.load(await compileOnce("tests/api/fixtures/nested.ts"));
    const parents = Array.from({ length: 3 }, () =>
      nested.kernel("parent").options({ deadlineMs: 200 }).remote(true),
    );
    for (const parent of parents) await rejects(wray.get(parent), "TASK_TIMEOUT");
    // With all workers held by children that never end, this would not come back.
    assert.equal(await wray.get([1, 2, 3].map((each) => nested.kernel("sameInt").remote(each))), [1, 2, 3]);
  });

  test("what has a higher priority overtakes what waits", async () => {
    const { wray } = api();
    const many = Array.from({ length: 100 }, (_, index) => busy({}).remote(`${index}`, rounds));
    const low = busy({ priority: -1 }).remote("low", 1);
    await wray.wait(many, { numReturns: 1 });
    await wray.get(busy({ priority: 5 }).remote("urgent", 1));
    const { ready } = await wray.wait([...many, low], { numReturns: many.length, timeoutMs: 0 });
    assert.ok(ready.length < 60, `${ready.length} of 100 were done before`);
    assert.not.ok(ready.includes(low), "what is less urgent came first");
    for (const ref of [...many, low]) wray.cancel(ref);
  });

  test("among tasks with priorities the higher ones are first, and the others come, too", async () => {
    const { wray } = api();
    const endless = occupy(wray);
    const refs = [1, 3, 2].map((priority) => busy({ priority }).remote(`${priority}`, rounds));
    const first = wray.wait(refs);
    for (const ref of endless) wray.cancel(ref);
    await first;
    assert.equal(await wray.get(refs), ["1", "3", "2"]);
  });

  test("no more tasks of a key are under way at once than allowed", async () => {
    const { wray } = api();
    const clock = await wray.load(await compileOnce("tests/api/fixtures/clock.ts"));
    const readings = clock.kernel("readings").options({ grant: ["clock"], key: "user", maxConcurrent: 1 });
    const spans = await wray.get(Array.from({ length: 20 }, () => readings.remote(2_000)));
    assertApart(spans as Float64Array[]);
    const failing = api().probe.kernel("fail").options({ key: "user" });
    await rejects(wray.get(failing.remote("no")), "TASK_ERROR");
    const cancelled = api().probe.kernel("spin").options({ key: "user" }).remote();
    const next = busy({ key: "user" }).remote("next", 1);
    wray.cancel(cancelled);
    assert.is(await wray.get(next), "next");
  });

  test("a task runs on the host that it names, with what it takes, and a preference is no condition", async () => {
    const { wray } = api();
    const { id } = wray.nodes()[0]!;
    for (const options of [
      { host: id },
      { resources: { cpu: 0.5 } },
      { resources: { cpu: 0 }, prefer: { zone: "moon" } },
      { labels: { zone: "!moon" } },
      { prefer: { zone: "moon" } },
    ] satisfies TaskOptions[]) {
      const refs = Array.from({ length: 4 }, (_, index) => busy(options).remote(`${index}`, 1_000));
      assert.equal(await wray.get(refs), ["0", "1", "2", "3"], JSON.stringify(options));
    }
    const mapped = busyMap(api().probe);
    assert.equal([...((await wray.get(mapped)) as Int32Array)], [1, 2]);
  });

  test("a task that no host can run fails after a while, with what the nearest hosts lack", async (t) => {
    const wray = await api().connect(t, { infeasibleAfterMs: 300 });
    const probe = await wray.load(api().files.probe);
    const gpu = busy({ resources: { gpu: 1 } }, probe).remote("x", 1);
    const error = await rejects(wray.get(gpu), "INFEASIBLE_TASK");
    assert.match(error.message, "lacks gpu: 1 needed, 0 there");
    const far = busy({ labels: { zone: "moon" } }, probe).remote("x", 1);
    assert.match((await rejects(wray.get(far), "INFEASIBLE_TASK")).message, "label zone=moon");
    await rejects(wray.get(busy({ host: "nobody" }, probe).remote("x", 1)), "INFEASIBLE_TASK");
    assert.is(await wray.get(busy({}, probe).remote("x", 1)), "x");
  });

  test("shutdown() fails what waits for its turn", async (t) => {
    const wray = await api().connect(t, {});
    const probe = await wray.load(api().files.probe);
    const spins = Array.from({ length: 8 }, () => probe.kernel("spin").options({ key: "one" }).remote());
    const failed = Promise.all(spins.map((ref) => rejects(wray.get(ref), "SHUTDOWN")));
    await wray.shutdown();
    await failed;
  });

  test("options() throws when an option of scheduling is out of range", () => {
    const bad: [options: object, message: string][] = [
      [{ resources: { gpu: -1 } }, "resources must be an object of names with an amount"],
      [{ resources: 2 }, "but is 2"],
      [{ labels: { zone: 1 } }, "labels must be an object of label names"],
      [{ host: "a b" }, "host must be the id of a host"],
      [{ maxConcurrent: 0 }, "maxConcurrent must be an integer from 1"],
    ];
    for (const [options, expected] of bad)
      assert.match(throwsCode(() => busy(options as TaskOptions), "INVALID_TASK").message, expected);
  });
}

const busyMap = (probe: Module) =>
  probe
    .kernel("positive")
    .options({ priority: 1 })
    .map(new Int32Array([1, 2]));

/** Of each task, what its clock said: none begins before another has ended. */
export function assertApart(spans: readonly Float64Array[]): void {
  const ordered = spans.toSorted((one, other) => one[0]! - other[0]!);
  for (const [index, span] of ordered.slice(1).entries())
    assert.ok(span[0]! >= ordered[index]!.at(-1)!, `${span[0]} is before ${ordered[index]!.at(-1)}`);
}
