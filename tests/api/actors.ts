import type { ActorHandle, Module } from "wray";
import { compileOnce } from "../kernels/asc.ts";
import { assert, rejects, type Suite, throwsCode } from "../support/index.ts";
import type { Api } from "./suite.ts";

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Where the actors of these tests come from. */
export const compileActors = () => compileOnce("tests/api/fixtures/stage.ts", ["--runtime", "minimal"]);

/** What actors do, wherever they are. */
export function actorTests(test: Suite, api: () => Api): void {
  let module: Module;
  test.before(async () => {
    module = await api().wray.load(await compileActors());
  });
  const counter = (...args: unknown[]) => module.actor("Counter").remote(...args);
  const shelf = () => module.actor("Shelf").remote();
  const valueIn = (actor: ActorHandle) => api().wray.get(actor.value!.remote());

  test("an actor keeps its state from call to call, and shares it with no other", async () => {
    const { wray } = api();
    const [one, other] = [counter(5), counter()];
    assert.is(await wray.get(one.incr!.remote(2)), 7);
    assert.is(await wray.get(one.incr!.remote()), 8);
    const turn = [one.incr!.remote(), one.incr!.remote(5), one.incr!.remote(), one.incr!.remote(-7)];
    assert.equal(await wray.get(turn), [9, 14, 15, 8]);
    assert.equal(await wray.get([one.value!.remote(), other.value!.remote()]), [8, 0]);
  });

  test("calls of a program run in the order in which it submits them, however long their arguments take", async () => {
    const { wray } = api();
    const kept = shelf();
    const text = wray.put("b".repeat(20_000));
    kept.add!.remote("a");
    kept.add!.remote(text);
    const late = module.kernel("slowly").remote(50_000_000, 1);
    const counted = counter();
    const values = [counted.incr!.remote(late), counted.incr!.remote(10), counted.value!.remote()];
    for (const each of upTo(300)) kept.add!.remote(`${each}`);
    assert.equal(await wray.get(values), [1, 11, 11]);
    assert.equal(await wray.get(kept.all!.remote()), ["a", "b".repeat(20_000), ...upTo(300).map(String)]);
  });

  test("what an actor takes and gives may be of any size, and a state as well", async () => {
    const { wray } = api();
    const kept = shelf();
    const sizes = [0, 10, 3_000, 5_000, 8_184, 8_185, 100_000, 3_000_000];
    const blocks = sizes.map((size, index) => new Uint8Array(size).fill(index));
    for (const [index, block] of blocks.entries())
      kept.put!.remote(index % 2 === 0 ? block : wray.put(block));
    assert.equal(await wray.get(upTo(sizes.length).map((index) => kept.block!.remote(index))), blocks);
    assert.is(await wray.get(kept.grow!.remote(20)), sizes.length + 20);
    assert.equal(await wray.get(kept.block!.remote(7)), blocks[7]);
  });

  test("a call that fails leaves the actor as it was, and those around it are as if it had not been", async () => {
    const { wray } = api();
    const counted = module.actor("Counter").options({ timeoutMs: 300 }).remote(0);
    const before = upTo(50).map(() => counted.incr!.remote());
    const failing = [counted.spoil!.remote(), counted.incr!.remote(), counted.spin!.remote()];
    const after = upTo(50).map(() => counted.incr!.remote());
    assert.equal(
      await wray.get(before),
      upTo(50).map((each) => each + 1),
    );
    const error = await rejects(wray.get(failing[0]!), "TASK_ERROR");
    assert.match(error.message, /on purpose \(at tests\/api\/fixtures\/stage\.ts:\d+:\d+\)/);
    assert.is(await wray.get(failing[1]!), 51);
    await rejects(wray.get(failing[2]!), "TASK_TIMEOUT");
    assert.equal(
      await wray.get(after),
      upTo(50).map((each) => each + 52),
    );
  });

  test("an actor whose constructor fails is dead, and its calls tell why", async () => {
    const { wray } = api();
    const broken = counter(-1);
    const error = await rejects(wray.get(broken.value!.remote()), "ACTOR_DIED");
    assert.match(error.message, "it must not begin below 0");
    assert.is((error as unknown as { data: { actorInitFailed: boolean } }).data.actorInitFailed, true);
    assert.is((error.cause as { code: string }).code, "TASK_ERROR");
    await rejects(wray.get(broken.value!.remote()), "ACTOR_DIED");
  });

  test("kill() ends an actor with all of its calls, and those that come later", async () => {
    const { wray } = api();
    const [spinning, other] = [counter(), counter(1)];
    await valueIn(spinning);
    const running = [spinning.spin!.remote(), spinning.incr!.remote()];
    wray.kill(spinning);
    wray.kill(spinning);
    for (const ref of [...running, spinning.incr!.remote()]) await rejects(wray.get(ref), "ACTOR_DIED");
    assert.is(await valueIn(other), 1);
    throwsCode(() => wray.kill({} as ActorHandle), "INVALID_TASK");
  });

  test("no more calls are pending than maxPendingCalls allows", async () => {
    const { wray } = api();
    const counted = module.actor("Counter").options({ maxPendingCalls: 2, timeoutMs: 60_000 }).remote();
    await valueIn(counted);
    const running = [counted.spin!.remote(), counted.incr!.remote()];
    const error = throwsCode(() => counted.incr!.remote(), "PENDING_CALLS_LIMIT_EXCEEDED");
    assert.match(error.message, "2 calls are pending");
    wray.kill(counted);
    for (const ref of running) await rejects(wray.get(ref), "ACTOR_DIED");
  });

  test("a call that is cancelled before it runs leaves its place to the next", async () => {
    const { wray } = api();
    const counted = counter();
    const late = module.kernel("slowly").remote(100_000_000, 1);
    const [waiting, next] = [counted.incr!.remote(late), counted.incr!.remote(5)];
    wray.cancel(waiting);
    await rejects(wray.get(waiting), "TASK_CANCELLED");
    assert.is(await wray.get(next), 5);
  });

  test("a call whose argument fails fails the same way, and the next runs", async () => {
    const { wray } = api();
    const counted = counter();
    const broken = module.actor("Counter").remote(-1).value!.remote();
    const [failing, next] = [counted.incr!.remote(broken), counted.incr!.remote(5)];
    await rejects(wray.get(failing), "ACTOR_DIED");
    assert.is(await wray.get(next), 5);
  });

  test("random numbers of an actor follow from its id and its calls, and no two are the same", async () => {
    const { wray } = api();
    const [one, other] = [counter(), counter()];
    const rolls = await wray.get([one, one, other, other].map((each) => each.roll!.remote()));
    assert.is(new Set(rolls).size, 4);
  });

  test("methods submit tasks of their own, and wait for them", async () => {
    const { wray } = api();
    const foremen = upTo(6).map(() => module.actor("Foreman").remote());
    const first = foremen.map((foreman) => foreman.square!.remote([1, 2, 3]));
    const second = foremen.map((foreman) => foreman.square!.remote([4]));
    assert.equal(
      await wray.get(first),
      foremen.map(() => 14),
    );
    assert.equal(
      await wray.get(second),
      foremen.map(() => 30),
    );
  });

  test("garbage of an actor is collected: what it has in memory follows from what it keeps", async () => {
    const { wray } = api();
    const light = module
      .actor("Shelf")
      .options({ memoryBytes: 16 * 1024 * 1024 })
      .remote();
    const text = "x".repeat(100_000);
    const lengths = await wray.get(upTo(300).map(() => light.weigh!.remote(text)));
    assert.ok(lengths.every((length) => length === 100_000));
  });

  test("thousands of actors live beside each other", async () => {
    const { wray } = api();
    const actors = upTo(2_000).map((start) => counter(start));
    for (const actor of actors) actor.incr!.remote();
    const values = await wray.get(actors.map((actor) => actor.value!.remote()));
    assert.equal(
      values,
      upTo(2_000).map((start) => start + 1),
    );
    for (const actor of actors) wray.kill(actor);
  });

  test("actor(), options(), remote() and methods refuse what is wrong, and say what", async () => {
    const error = throwsCode(() => module.actor("Count"), "KERNEL_NOT_FOUND");
    assert.match((error as unknown as { remedy: string }).remedy, "Counter, Shelf, Foreman");
    const Counter = module.actor("Counter");
    for (const options of [
      { names: "x" },
      { maxPendingCalls: 0 },
      { maxConcurrency: 1.5 },
      { checkpoint: {} },
    ])
      throwsCode(() => Counter.options(options as object), "INVALID_TASK");
    throwsCode(() => Counter.remote("one"), "INVALID_TASK");
    throwsCode(() => Counter.remote(1, 2), "INVALID_TASK");
    const wrong = throwsCode(() => counter().incr!.remote("two"), "INVALID_TASK");
    assert.match(wrong.message, "stage/Counter.incr: parameter by");
  });
}
