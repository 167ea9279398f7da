import type { ActorHandle, Module } from "wray";
import { compileOnce } from "../kernels/asc.ts";
import { assert, rejects, type Suite } from "../support/index.ts";
import type { Api } from "./suite.ts";

export const compileHandles = () => compileOnce("tests/api/fixtures/handles.ts", ["--runtime", "minimal"]);

/** Handles of actors as values: for tasks, other actors, and by names. */
export function handleTests(test: Suite, api: () => Api): void {
  let module: Module;
  test.before(async () => {
    module = await api().wray.load(await compileHandles());
  });
  const tally = (options = {}) => module.actor("Tally").options(options).remote();
  const valueIn = (actor: ActorHandle) => api().wray.get(actor.value!.remote());
  const run = (kernel: string, ...args: unknown[]) => api().wray.get(module.kernel(kernel).remote(...args));

  test("a task calls an actor that it is given, in the order in which it does", async () => {
    const one = tally();
    one.add!.remote(10);
    assert.is(await run("addTo", one, 5), 15);
    assert.is(await run("addTimes", one, 100), 115);
    assert.is(await valueIn(one), 115);
  });

  test("handles in arrays are given as well, and each keeps its actor", async () => {
    const sum = await run(
      "addToEach",
      [1, 2, 3].map(() => tally()),
      7,
    );
    assert.is(sum, 21);
    assert.is(await run("addToEach", [], 7), 0);
  });

  test("so are handles in objects, however deep", async () => {
    const [one, other] = [tally(), tally()];
    const row = { tally: one, next: { tally: other, next: null } };
    assert.is(await run("addAlong", row, 4), 8);
    assert.is(await run("addAlong", row.next, 1), 5);
    await rejects((async () => run("addAlong", { tally: 1, next: null }, 1))(), "INVALID_TASK");
  });

  test("what a task tells an actor is done, even if the task ends before", async () => {
    const one = tally();
    await run("tell", one, 3);
    // The host of the next task may be another, and sooner.
    while ((await run("addTo", one, 0)) !== 3);
  });

  test("an actor keeps a handle that it is given, and calls that actor", async () => {
    const [one, other] = [tally(), tally()];
    one.meet!.remote(other);
    const { wray } = api();
    assert.equal(
      await wray.get([one.pass!.remote(4), one.pass!.remote(5), one.passByTask!.remote(6)]),
      [4, 9, 15],
    );
    await wray.get(one.tell!.remote(1));
    assert.equal(await wray.get([one.pass!.remote(0), one.value!.remote()]), [16, 0]);
  });

  test("a nested call takes the result of a task, and gives what is large", async () => {
    const one = tally();
    assert.is(await run("addSum", one, 20, 22), 42);
    assert.is(await run("lengthOf", one, 300_000), 300_000);
  });

  test("a handle comes back from a task as its address, by which getActor finds the actor", async () => {
    const { wray } = api();
    const one = tally();
    one.add!.remote(9);
    const address = (await run("same", one)) as { address: string };
    assert.equal(Object.keys(address), ["address"]);
    assert.is(await valueIn(await wray.getActor(address)), 9);
    assert.is(await valueIn(await wray.getActor(wray.share(one))), 9);
  });

  test("a value that is put holds handles as refs, whose value is what kernels have", async () => {
    const { wray } = api();
    const one = tally();
    const { inner } = await wray.get(wray.put({ inner: one as unknown as string }));
    assert.is(await run("addTo", inner, 8), 8);
  });

  test("what no actor takes is refused: at once by a handle, and by the ref of a nested call", async () => {
    const one = tally();
    const error = await rejects(run("callMethod", one, "subtract"), "KERNEL_NOT_FOUND");
    assert.match(error.message, 'handles/Tally has no method "subtract"');
    await rejects(run("callMethod", one, "meet"), "INVALID_TASK");
    const unset = await rejects(run("addTo", { address: "nonsense" }, 1), "TASK_ERROR");
    assert.match(unset.message, "'nonsense' is no address of an actor");
    await rejects(run("addTo", { address: "actor:nonsense" }, 1), "INVALID_TASK");
    await rejects((async () => run("sum", one, 1))(), "INVALID_TASK");
    await rejects(api().wray.getActor("actor:nonsense"), "INVALID_TASK");
  });

  test("an actor is found by its name, in its namespace, until it is gone", async () => {
    const { wray } = api();
    const named = tally({ name: "sums", namespace: "one" });
    const other = tally({ name: "sums", namespace: "other" });
    assert.equal(await wray.get([named.add!.remote(2), other.add!.remote(30)]), [2, 30]);
    const found = await wray.getActor("sums", { namespace: "one" });
    assert.is(await wray.get(found.add!.remote(1)), 3);
    assert.is(await run("addNamed", "sums", "other", 1), 31);
    const error = await rejects(wray.getActor("sums"), "ACTOR_NOT_FOUND");
    assert.match(error.message, 'no actor "sums" in the namespace "default"');
    await rejects(run("addNamed", "sums", "none", 1), "ACTOR_NOT_FOUND");
    wray.kill(named);
    await rejects(wray.get(found.value!.remote()), "ACTOR_DIED");
    const again = tally({ name: "sums", namespace: "one" });
    assert.is(await valueIn(again), 0);
    assert.is(await valueIn(await wray.getActor("sums", { namespace: "one" })), 0);
  });

  test("a second actor of a name is refused, or the first is called when that may be", async () => {
    const { wray } = api();
    const first = tally({ name: "single" });
    first.add!.remote(1);
    await valueIn(first);
    const second = tally({ name: "single" });
    await rejects(wray.get(second.add!.remote(1)), "ACTOR_ALREADY_EXISTS");
    const same = tally({ name: "single", getIfExists: true });
    assert.is(await wray.get(same.add!.remote(1)), 2);
    assert.is(await run("addTo", same, 1), 3);
    const made = tally({ name: "another", getIfExists: true });
    assert.equal([await wray.get(made.add!.remote(5)), await valueIn(first)], [5, 3]);
    wray.kill(same);
    await rejects(wray.get(first.value!.remote()), "ACTOR_DIED");
    await rejects((async () => tally({ getIfExists: true }))(), "INVALID_TASK");
    await rejects((async () => tally({ name: "a b" }))(), "INVALID_TASK");
  });

  test("actors that wait for each other are told so, with those that do, and go on", async () => {
    const { wray } = api();
    const [one, two, three] = [tally(), tally(), tally()];
    const alone = await rejects(wray.get(one.self!.remote(one)), "DEADLOCK");
    assert.match(alone.message, /handles\/Tally \(\S+\) waits for itself/);
    const error = await rejects(wray.get(one.around!.remote([one, two, three], 0)), "DEADLOCK");
    const { cycle } = (error as unknown as { data: { cycle: string[] } }).data;
    assert.is(cycle.length, 4);
    assert.is(cycle[0], cycle[3]);
    assert.is(new Set(cycle).size, 3);
    const byTask = await rejects(wray.get(one.byTask!.remote(one)), "DEADLOCK");
    const around = (byTask as unknown as { data: { cycle: string[] } }).data.cycle;
    assert.equal(
      around
        .slice(1)
        .map((each) => each.split(" ")[0])
        .sort(),
      ["handles/Tally", "handles/addTo"],
    );
    assert.equal(await Promise.all([one, two, three].map(valueIn)), [1, 0, 0]);
  });

  test("what waits and can go on is left alone: methods that read beside each other, and long tasks", async () => {
    const { wray } = api();
    const reading = tally({ maxConcurrency: 2 });
    reading.add!.remote(5);
    assert.is(await wray.get(reading.readsBoth!.remote(reading)), 10);
    const [one, slow] = [tally(), tally()];
    one.meet!.remote(slow);
    slow.rest!.remote(400_000_000);
    assert.is(await wray.get(one.pass!.remote(3)), 3);
  });
}
