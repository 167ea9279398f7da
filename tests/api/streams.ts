import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Client, Module, ObjectRef, RefStream } from "wray";
import { compileOnce } from "../kernels/asc.ts";
import { assert, rejects, type Suite, throwsCode } from "../support/index.ts";
import type { Api } from "./suite.ts";

/** Tasks that yield many values. */
export function streamTests(test: Suite, api: () => Api): void {
  let file: string;
  let streams: Module;
  test.before(async () => {
    file = await compileOnce("tests/api/fixtures/streams.ts");
    streams = await api().wray.load(file);
  });
  const stream = (kernel: string, ...args: unknown[]) => streams.kernel(kernel).stream(...args);
  const values = async (from: RefStream, wray: Client = api().wray) => {
    const all: unknown[] = [];
    for await (const ref of from) all.push(await wray.get(ref));
    return all;
  };
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

  test("stream() gives the items in order, and what the kernel returns", async () => {
    for (const count of [0, 1, 100]) {
      const counted = stream("count", count);
      assert.equal(await values(counted), upTo(count));
      assert.is(await api().wray.get(counted.result), count);
    }
  });

  test("a task that waits until its items are taken gives what it has of the cpus to others", async () => {
    const { wray } = api();
    const resources = { cpu: wray.nodes()[0]!.cpus };
    const endless = streams.kernel("endless").options({ resources, maxUnread: 1 }).stream();
    assert.is(await wray.get(streams.kernel("twice").options({ resources }).remote(2)), 4);
    for await (const ref of endless) if ((await wray.get(ref)) === 3) break;
    assert.is(await wray.get(streams.kernel("twice").options({ resources }).remote(4)), 8);
  });

  test("stream() gives values of every kind", async () => {
    const kinds = stream("kinds");
    assert.equal(await values(kinds), [
      ...[true, 255, -7, 4294967295, -(2n ** 63n), 2n ** 64n - 1n, 0.25, Number.NaN, "π 🚀", null],
      ...[new ArrayBuffer(3), Float64Array.of(1.5, 1.5), [1, 2, 3]],
      ...[{ x: 1, label: "here" }, [{ x: 2, label: null }]],
    ]);
    assert.is(await api().wray.get(kinds.result), "all");
  });

  test("stream() gives items of any size, which are ready when they come and are other tasks' arguments", async () => {
    const { wray } = api();
    const sizes = [0, 10, 8_184, 8_185, 100_000, 3_000_000, 5];
    const sums: ObjectRef[] = [];
    let index = 0;
    for await (const ref of stream("blocks", sizes) as RefStream<Uint8Array>) {
      assert.equal((await wray.wait([ref], { timeoutMs: 0 })).pending, []);
      sums.push(streams.kernel("sum").remote(ref));
      assert.equal(await wray.get(ref), new Uint8Array(sizes[index]!).fill(index));
      wray.free(ref);
      await rejects(wray.get(ref), "INVALID_TASK");
      index++;
    }
    assert.equal(
      await wray.get(sums),
      sizes.map((size, index) => size * index),
    );
  });

  test("stream() gives items while the kernel runs, and to leave the loop ends it", async () => {
    const { wray } = api();
    const hanging = stream("hanging", 3);
    for await (const ref of hanging) {
      assert.equal((await wray.wait([hanging.result], { timeoutMs: 0 })).ready, []);
      if ((await wray.get(ref)) === 2) break;
    }
    await rejects(wray.get(hanging.result), "TASK_CANCELLED");
  });

  test("a kernel that nobody reads of is maxUnread items ahead, and then its cpu is another's", async (t) => {
    const wray = await api().connect(t);
    const mine = await wray.load(file);
    const size = 20_000;
    const endless = mine.kernel("endlessBlocks").options({ maxUnread: 4 }).stream(size);
    while ((await countItems(wray)) < 4) await turn();
    const twice = mine.kernel("twice");
    for (let round = 0; round < 20; round++) assert.is(await wray.get(twice.remote(round)), 2 * round);
    assert.is(await countItems(wray), 4);
    const items = endless[Symbol.asyncIterator]();
    for (let taken = 0; taken < 2; taken++) wray.free((await items.next()).value!);
    while ((await countItems(wray)) < 4) await turn();
    assert.is(await wray.get(twice.remote(1)), 2);
    assert.is(await countItems(wray), 4);
    await items.return!();
    await rejects(wray.get(endless.result), "TASK_CANCELLED");
    while ((await countItems(wray)) > 0) await turn();
  });

  test("a kernel of which each item is taken before it goes on ends", async () => {
    assert.equal(await values(streams.kernel("count").options({ maxUnread: 1 }).stream(50)), upTo(50));
  });

  test("stream() fails with the kernel's error after the items that came before", async () => {
    const failing = stream("failing", 3);
    const seen: unknown[] = [];
    const items = failing[Symbol.asyncIterator]();
    for (let index = 0; index < 3; index++) seen.push(await api().wray.get((await items.next()).value!));
    assert.equal(seen, [0, 1, 2]);
    const { message } = await rejects(items.next(), "TASK_ERROR");
    assert.match(message, /streams\/failing: no more \(at tests\/api\/fixtures\/streams\.ts:\d+:\d+\)$/);
    assert.equal(await items.next(), { done: true, value: undefined });
    await rejects(api().wray.get(failing.result), "TASK_ERROR");
  });

  test("next() may be called several times before anything has come", async () => {
    const items = stream("count", 2)[Symbol.asyncIterator]();
    const all = await Promise.all([items.next(), items.next(), items.next(), items.next()]);
    assert.equal(
      all.map(({ done }) => done),
      [false, false, true, true],
    );
    assert.equal(await api().wray.get(all.slice(0, 2).map(({ value }) => value!)), [0, 1]);
  });

  test("cancel() of its result ends a stream", async () => {
    const { wray } = api();
    const endless = stream("endless");
    const items = endless[Symbol.asyncIterator]();
    await items.next();
    wray.cancel(endless.result);
    await rejects(items.next(), "TASK_CANCELLED");
    const waiting = stream("hanging", 0);
    const next = rejects(waiting[Symbol.asyncIterator]().next(), "TASK_CANCELLED");
    wray.cancel(waiting.result);
    await next;
  });

  test("await using ends a stream at the end of its block", async () => {
    let result: ObjectRef;
    {
      await using endless = stream("endless");
      result = endless.result;
    }
    await rejects(api().wray.get(result), "TASK_CANCELLED");
  });

  test("a stream that the program forgets ends, and one that is awaited does not", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const { wray } = api();
    const forgotten = [stream("endless").result, stream("hanging", 3).result];
    const awaited = stream("hanging", 0);
    const { result } = awaited;
    const next = awaited[Symbol.asyncIterator]().next();
    while ((await wray.wait(forgotten, { numReturns: 2, timeoutMs: 0 })).ready.length < 2) {
      collect();
      await turn();
    }
    for (const ref of forgotten) await rejects(wray.get(ref), "TASK_CANCELLED");
    assert.equal((await wray.wait([result], { timeoutMs: 0 })).ready, []);
    wray.cancel(result);
    await rejects(next, "TASK_CANCELLED");
  });

  test("shutdown() fails whoever waits for an item, and who asks for one", async (t) => {
    const wray = await api().connect(t);
    const mine = await wray.load(file);
    const unread = mine.kernel("count").stream(3)[Symbol.asyncIterator]();
    await unread.next();
    const waiting = mine.kernel("hanging").stream(0)[Symbol.asyncIterator]();
    const next = rejects(waiting.next(), "SHUTDOWN");
    await wray.shutdown();
    await next;
    await rejects(unread.next(), "SHUTDOWN");
    throwsCode(() => mine.kernel("count").stream(3), "SHUTDOWN");
  });

  test("a stream is read once", async () => {
    const counted = stream("count", 2);
    assert.equal(await values(counted), [0, 1]);
    const { message } = throwsCode(() => counted[Symbol.asyncIterator](), "INVALID_TASK");
    assert.match(message, "is read already");
  });

  test("stream() gives 10,000 items, and keeps none that was freed", async (t) => {
    const wray = await api().connect(t);
    const mine = await wray.load(file);
    let sum = 0;
    for await (const ref of mine.kernel("count").stream<number>(10_000)) {
      sum += await wray.get(ref);
      wray.free(ref);
    }
    assert.is(sum, 49_995_000);
    const sizes = new Array<number>(100).fill(10_000);
    for await (const ref of mine.kernel("blocks").stream(sizes)) wray.free(ref);
    while ((await countItems(wray)) > 0) await turn();
  });

  test("several streams at once, of more kernels than there are cpus, all come to their ends", async () => {
    const all = await Promise.all(upTo(8).map(() => values(stream("nested", 30))));
    const expected = upTo(30).map((index) => 2 * index + 0.5);
    for (const each of all) assert.equal(each, expected);
  });

  test("a kernel that yields repeats with its seed", async () => {
    const dice = () => values(streams.kernel("dice").options({ seed: "same" }).stream(50));
    assert.equal(await dice(), await dice());
  });

  test("emit() fails a kernel that was not called by stream()", async () => {
    const { wray } = api();
    for (const ref of [streams.kernel("count").remote(1), streams.kernel("count").map(Int32Array.of(1))]) {
      const { message } = await rejects(wray.get(ref as ObjectRef), "TASK_ERROR");
      assert.match(message, "streams/count emits, and was not called to");
    }
    await rejects(wray.get(streams.kernel("within").remote()), "TASK_ERROR");
    assert.is(await wray.get(streams.kernel("twice").remote(2)), 4);
  });

  test("emit() of more than maxResultBytes fails the kernel", async () => {
    const limited = streams.kernel("blocks").options({ maxResultBytes: 1_000 });
    const items = limited.stream([500, 2_000])[Symbol.asyncIterator]();
    await items.next();
    await rejects(items.next(), "LIMIT_EXCEEDED");
  });

  test("stream() refuses a maxUnread that is none, and arguments that don't fit", () => {
    for (const maxUnread of [0, -1, 1.5, Number.NaN, "2"]) {
      throwsCode(() => streams.kernel("count").options({ maxUnread: maxUnread as number }), "INVALID_TASK");
    }
    throwsCode(() => stream("count"), "INVALID_TASK");
    throwsCode(() => stream("count", "many"), "INVALID_TASK");
  });
}

/** How many large items hosts keep for this client. */
async function countItems(wray: Client): Promise<number> {
  const { objects } = await wray.memory();
  return objects.filter(({ label, owner }) => owner === wray.id && label?.startsWith("item of ")).length;
}
