import { assert, rejects, type Suite, throwsCode } from "../support/index.ts";
import type { Api } from "./suite.ts";

/** `nodes` and `shutdown`. */
export function lifecycleTests(test: Suite, api: () => Api): void {
  test("nodes() tells of each host, and of the tasks that ran there", async (t) => {
    const { connect } = api();
    const wray = await connect(t);
    const add = await wray.remote("math/add");
    await wray.get(Array.from({ length: 20 }, () => add.remote(1, 1)));
    const nodes = wray.nodes();
    for (const { id, cpus, state, tasksPending } of nodes) {
      assert.match(id, /^[0-9a-z]{12}$/);
      assert.is(cpus, 1);
      assert.is(state, "up");
      assert.is(tasksPending, 0);
    }
    assert.is(
      nodes.reduce((sum, { tasksRun }) => sum + tasksRun, 0),
      20,
    );
  });

  test("shutdown() makes every later call fail with SHUTDOWN", async (t) => {
    const { connect, files } = api();
    const wray = await connect(t);
    const add = await wray.remote("math/add");
    const done = add.remote(1, 2);
    await wray.get(done);
    await wray.shutdown();
    throwsCode(() => add.remote(1, 2), "SHUTDOWN");
    throwsCode(() => wray.put(1), "SHUTDOWN");
    await rejects(wray.remote("math/add"), "SHUTDOWN");
    await rejects(wray.load(files.probe), "SHUTDOWN");
    await rejects(wray.get(done), "SHUTDOWN");
    await rejects(wray.wait([done]), "SHUTDOWN");
  });

  test("shutdown() does nothing more when it is called again", async (t) => {
    const wray = await api().connect(t);
    await Promise.all([wray.shutdown(), wray.shutdown()]);
    await wray.shutdown();
    await wray[Symbol.asyncDispose]();
  });

  // The last, because a host goes on with what it runs.
  test("shutdown() rejects what is pending with SHUTDOWN", async (t) => {
    const { connect, files } = api();
    const wray = await connect(t);
    const probe = await wray.load(files.probe);
    const spin = probe.kernel("spin").options({ timeoutMs: 500 });
    const refs = [spin.remote(), spin.remote(), probe.kernel("positive").remote(spin.remote())];
    const gets = refs.map((ref) => rejects(wray.get(ref), "SHUTDOWN"));
    const waiting = wray.wait(refs, { numReturns: 3 });
    await wray.shutdown();
    await Promise.all(gets);
    assert.equal((await waiting).pending, []);
  });
}
