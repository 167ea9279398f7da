import { ActorPool, type Client } from "wray";
import { assert, rejects, type Suite, throwsCode } from "../support/index.ts";
import type { Api } from "./suite.ts";

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Numbers that look random and are the same each time. */
const noise = (seed: number, length: number) =>
  Float64Array.from({ length }, (_, index) => Math.sin((seed + 1) * 12.9898 + index * 78.233) * 43.7585453);

/** The actors that come with wray, and pools, wherever they are. */
export function patternTests(test: Suite, api: () => Api): void {
  test("actor() gives a class by its name, and tells which there are when there is none", async () => {
    const { wray } = api();
    const Counter = await wray.actor("actors/Counter");
    assert.is(Counter.name, "actors/Counter");
    const error = await rejects(wray.actor("actors/Count" as "actors/Counter"), "KERNEL_NOT_FOUND");
    assert.match((error as unknown as { remedy: string }).remedy, "It has Counter, ParameterServer, Queue");
    const malformed = await rejects(wray.actor("actors" as "actors/Counter"), "KERNEL_NOT_FOUND");
    assert.is(malformed.message, '"actors" names no actor class');
    await rejects(wray.actor("math/Counter"), "KERNEL_NOT_FOUND");
    await rejects(wray.actor(`${"0".repeat(64)}/Counter`), "MODULE_NOT_FOUND");
  });

  test("Counter counts what many add to it", async () => {
    const { wray } = api();
    const counter = (await wray.actor("actors/Counter")).remote(10);
    const adding = upTo(8).map(async () => {
      for (const by of upTo(25)) await wray.get(counter.incr.remote(by));
    });
    await Promise.all(adding);
    assert.is(await wray.get(counter.incr.remote()), 10 + 8 * 300 + 1);
    assert.is(await wray.get(counter.value.remote()), 10 + 8 * 300 + 1);
  });

  test("Queue loses and repeats nothing with many at both ends, and keeps the order of each", async () => {
    const { wray } = api();
    const queue = (await wray.actor("actors/Queue")).remote(5);
    const [producerCount, itemCount, consumerCount] = [4, 30, 3];
    const produce = async (producer: number) => {
      for (const item of upTo(itemCount))
        while (!(await wray.get(queue.tryPush.remote(Uint8Array.of(producer, item)))));
    };
    let takenCount = 0;
    const consume = async () => {
      const taken: number[][] = [];
      while (takenCount < producerCount * itemCount) {
        const item = await wray.get(queue.tryPop.remote());
        if (item === null) continue;
        takenCount++;
        taken.push([...item]);
      }
      return taken;
    };
    const consumers = upTo(consumerCount).map(consume);
    await Promise.all(upTo(producerCount).map(produce));
    const taken = await Promise.all(consumers);
    const keys = taken.flat().map(([producer, item]) => producer! * itemCount + item!);
    assert.equal(
      keys.sort((a, b) => a - b),
      upTo(producerCount * itemCount),
    );
    for (const each of taken) {
      for (const producer of upTo(producerCount)) {
        const items = each.filter(([from]) => from === producer).map(([, item]) => item!);
        assert.equal(
          items,
          items.toSorted((a, b) => a - b),
        );
      }
    }
    assert.is(await wray.get(queue.size.remote()), 0);
  });

  test("TextQueue holds as many texts as it has room for", async () => {
    const { wray } = api();
    const queue = (await wray.actor("actors/TextQueue")).remote(2);
    const pushes = ["a", "", "c"].map((text) => queue.tryPush.remote(text));
    assert.equal(await wray.get(pushes), [true, true, false]);
    assert.is(await wray.get(queue.size.remote()), 2);
    assert.equal(await wray.get(upTo(3).map(() => queue.tryPop.remote())), ["a", "", null]);
  });

  test("Semaphore never gives more permits than it has, whoever asks", async () => {
    const { wray } = api();
    const permits = 3;
    const semaphore = (await wray.actor("actors/Semaphore")).remote(permits);
    let held = 0;
    let most = 0;
    const work = async (holder: number) => {
      const count = 1 + (holder % 2);
      for (const _ of upTo(5)) {
        while (!(await wray.get(semaphore.tryAcquire.remote(`${holder}`, count))));
        held += count;
        most = Math.max(most, held);
        assert.ok(held <= permits, `${held} permits`);
        await wray.get(semaphore.available.remote());
        held -= count;
        await wray.get(semaphore.release.remote(`${holder}`, count));
      }
    };
    await Promise.all(upTo(8).map(work));
    assert.ok(most > 1);
    assert.is(await wray.get(semaphore.available.remote()), permits);
    assert.equal(await wray.get(semaphore.list.remote()), []);
  });

  test("Semaphore knows who holds what, and takes nothing back that a holder does not have", async () => {
    const { wray } = api();
    const semaphore = (await wray.actor("actors/Semaphore")).remote(5);
    const taken = [
      semaphore.tryAcquire.remote("a", 2),
      semaphore.tryAcquire.remote("b"),
      semaphore.tryAcquire.remote("a"),
      semaphore.tryAcquire.remote("c", 2),
    ];
    assert.equal(await wray.get(taken), [true, true, true, false]);
    assert.equal(await wray.get(semaphore.list.remote()), [
      { name: "a", permits: 3 },
      { name: "b", permits: 1 },
    ]);
    const error = await rejects(wray.get(semaphore.release.remote("b", 2)), "TASK_ERROR");
    assert.match(error.message, "b has 1 permits, and can't give back 2");
    await rejects(wray.get(semaphore.release.remote("nobody")), "TASK_ERROR");
    await rejects(wray.get(semaphore.tryAcquire.remote("a", -1)), "TASK_ERROR");
    await rejects(wray.get(semaphore.release.remote("a", 0)), "TASK_ERROR");
    const none = (await wray.actor("actors/Semaphore")).remote(0);
    await rejects(wray.get(none.available.remote()), "ACTOR_DIED");
    semaphore.release.remote("a", 1);
    assert.equal(
      await wray.get([semaphore.releaseAll.remote("a"), semaphore.releaseAll.remote("a")]),
      [2, 0],
    );
    assert.is(await wray.get(semaphore.available.remote()), 4);
  });

  test("RateLimiter fills at its rate by the time it is told, which never goes back", async () => {
    const { wray } = api();
    const limiter = (await wray.actor("actors/RateLimiter")).remote(10, 3);
    const take = (nowMs: number, tokens?: number) =>
      tokens === undefined ? limiter.tryTake.remote(nowMs) : limiter.tryTake.remote(nowMs, tokens);
    const waits = await wray.get([
      take(1_000, 2),
      take(1_000),
      take(1_000), // that was the burst
      take(1_050),
      take(1_100),
      take(900), // a clock that goes back
      take(9_000, 3), // no more than the burst has come meanwhile
      take(9_100, 2),
    ]);
    assert.equal(waits, [0, 0, 100, 50, 0, 100, 0, 100]);
    for (const [nowMs, tokens] of [
      [9_200, 3.5],
      [9_200, 0],
      [Number.POSITIVE_INFINITY, 1],
      [Number.NaN, 1],
    ] as const)
      await rejects(wray.get(take(nowMs, tokens)), "TASK_ERROR");
    assert.is(await wray.get(take(9_200, 2)), 0);
  });

  test("ParameterServer in rounds gives what one program gives alone, bit for bit, whoever comes first", async () => {
    const { wray } = api();
    const [length, workers, rounds, rate] = [257, 5, 6, 0.37];
    const start = noise(99, length);
    const server = (await wray.actor("actors/ParameterServer")).remote(start, workers, rate);
    const gradient = (worker: number, round: number, values: Float64Array) =>
      noise(worker * 31 + round, length).map((value, index) => value * values[index]!);
    const work = async (worker: number) => {
      for (const round of upTo(rounds)) {
        while ((await wray.get(server.rounds.remote())) < round);
        const values = await wray.get(server.get.remote());
        // Others first in every second round.
        if ((worker + round) % 2 === 0) await wray.get(server.steps.remote());
        assert.is(await wray.get(server.push.remote(worker, gradient(worker, round, values))), round + 1);
      }
    };
    await Promise.all(upTo(workers).map(work));

    const expected = start.slice();
    for (const round of upTo(rounds)) {
      const gradients = upTo(workers).map((worker) => gradient(worker, round, expected));
      const sum = gradients.reduce((left, right) => left.map((value, index) => value + right[index]!));
      for (const [index, value] of sum.entries()) expected[index]! -= rate * (value / workers);
    }
    assert.equal(await wray.get(server.get.remote()), expected);
    assert.equal(await wray.get([server.rounds.remote(), server.steps.remote()]), [rounds, rounds]);
  });

  test("ParameterServer without rounds applies each gradient once", async () => {
    const { wray } = api();
    const server = (await wray.actor("actors/ParameterServer")).remote(Float64Array.of(0, 100));
    const work = async (worker: number) => {
      for (const _ of upTo(10)) await wray.get(server.apply.remote(Float64Array.of(-worker, 1), 0.5));
    };
    await Promise.all(upTo(6).map(work));
    assert.equal(await wray.get(server.get.remote()), Float64Array.of(0.5 * 10 * 15, 100 - 0.5 * 60));
    assert.equal(await wray.get([server.steps.remote(), server.rounds.remote()]), [60, 0]);
  });

  test("ParameterServer refuses what does not fit, and a second push of a round; set() begins anew", async () => {
    const { wray } = api();
    const server = (await wray.actor("actors/ParameterServer")).remote(Float64Array.of(1, 2), 2, 1);
    const one = Float64Array.of(1, 1);
    assert.is(await wray.get(server.push.remote(1, one)), 1);
    const again = await rejects(wray.get(server.push.remote(1, one)), "TASK_ERROR");
    assert.match(again.message, "worker 1 has pushed in round 1 already");
    await rejects(wray.get(server.push.remote(2, one)), "TASK_ERROR");
    const long = await rejects(wray.get(server.apply.remote(new Float64Array(3), 1)), "TASK_ERROR");
    assert.match(long.message, "there are 2 parameters, and 3 numbers were given");
    await rejects(wray.get(server.set.remote(new Float64Array(1))), "TASK_ERROR");
    server.set.remote(Float64Array.of(10, 20));
    assert.equal(await wray.get([server.push.remote(0, one), server.push.remote(1, one)]), [1, 1]);
    assert.equal(await wray.get(server.get.remote()), Float64Array.of(9, 19));
  });

  test("Topic gives each subscriber all that is published, in order, and readers any part", async () => {
    const { wray } = api();
    const topic = (await wray.actor("actors/Topic")).remote();
    const offsets = await wray.get([1, 2, 3].map((item) => topic.publish.remote(Uint8Array.of(item))));
    assert.equal(offsets, [0, 1, 2]);
    assert.equal(await wray.get([topic.subscribe.remote("all", 0), topic.subscribe.remote("new")]), [0, 3]);
    const publish = async (from: number) => {
      for (const item of upTo(20)) await wray.get(topic.publish.remote(Uint8Array.of(from, item)));
    };
    const follow = async (subscriber: string, count: number) => {
      const items: number[][] = [];
      while (items.length < count)
        items.push(...(await wray.get(topic.next.remote(subscriber, 7))).map((item) => [...item]));
      return items;
    };
    const [all, fresh] = await Promise.all([
      ...[follow("all", 63), follow("new", 60)],
      ...[10, 11, 12].map(publish),
    ] as const);
    assert.equal(all!.slice(3), fresh);
    for (const from of [10, 11, 12]) {
      assert.equal(
        fresh!.filter(([publisher]) => publisher === from).map(([, item]) => item),
        upTo(20),
      );
    }
    const read = await wray.get(topic.read.remote(2, 2));
    assert.equal(read, [Uint8Array.of(3), Uint8Array.from(fresh![0]!)]);
    assert.equal(await wray.get(topic.read.remote(63)), []);
  });

  test("TextTopic forgets the oldest, which late readers hear of", async () => {
    const { wray } = api();
    const topic = (await wray.actor("actors/TextTopic")).remote(3);
    topic.subscribe.remote("slow");
    for (const item of upTo(5)) topic.publish.remote(`${item}`);
    assert.equal(await wray.get([topic.first.remote(), topic.end.remote()]), [2, 5]);
    const error = await rejects(wray.get(topic.read.remote(1)), "TASK_ERROR");
    assert.match(error.message, /what is kept begins at 2(\.0)?, and 1(\.0)? was asked for/);
    assert.is(await wray.get(topic.behind.remote("slow")), 5);
    assert.equal(await wray.get([topic.next.remote("slow", 2), topic.next.remote("slow")]), [
      ["2", "3"],
      ["4"],
    ]);
    assert.equal(await wray.get([topic.behind.remote("slow"), topic.next.remote("slow")]), [0, []]);
    assert.is(await wray.get(topic.subscribe.remote("early", 1)), 2);
    assert.equal(await wray.get([topic.unsubscribe.remote("slow"), topic.unsubscribe.remote("slow")]), [
      true,
      false,
    ]);
    await rejects(wray.get(topic.next.remote("slow")), "TASK_ERROR");
    await rejects(wray.get(topic.read.remote(2, 0)), "TASK_ERROR");
  });

  const counters = async (wray: Client, count: number) => {
    const Counter = await wray.actor("actors/Counter");
    return upTo(count).map(() => Counter.remote());
  };
  type Counter = Awaited<ReturnType<typeof counters>>[number];

  test("ActorPool.map() gives results in the order of the values, each actor with one at a time", async () => {
    const { wray } = api();
    const actors = await counters(wray, 3);
    const pool = new ActorPool(actors);
    const busy = new Set<Counter>();
    const work = async (counter: Counter, value: number) => {
      assert.not(busy.has(counter));
      busy.add(counter);
      for (const _ of upTo(value % 4)) await wray.get(counter.value.remote());
      await wray.get(counter.incr.remote());
      busy.delete(counter);
      return 2 * value;
    };
    const results: number[] = [];
    for await (const result of pool.map(work, upTo(40))) results.push(result);
    assert.equal(
      results,
      upTo(40).map((value) => 2 * value),
    );
    const counts = await wray.get(actors.map((actor) => actor.value.remote()));
    assert.is(
      counts.reduce((sum, count) => sum + count),
      40,
    );
    assert.ok(counts.every((count) => count > 0));
  });

  test("ActorPool.mapUnordered() gives each result as it comes, and takes values as they are read", async () => {
    const { wray } = api();
    const pool = new ActorPool(await counters(wray, 2));
    let takenCount = 0;
    async function* values() {
      for (const value of upTo(20)) {
        takenCount++;
        yield value;
      }
    }
    let finish = () => {};
    const others = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const work = async (counter: Counter, value: number) => {
      if (value === 0) await others;
      await wray.get(counter.incr.remote());
      return -value;
    };
    const seen: number[] = [];
    for await (const { value, result } of pool.mapUnordered(work, values())) {
      assert.is(result, -value);
      seen.push(value);
      assert.ok(takenCount <= seen.length + 4);
      // The first is held back until all others were read.
      if (seen.length === 19) finish();
    }
    assert.equal(
      seen.toSorted((a, b) => a - b),
      upTo(20),
    );
    assert.is(seen.at(-1), 0);
  });

  test("ActorPool goes on with an actor that has failed at something", async () => {
    const { wray } = api();
    const Semaphore = await wray.actor("actors/Semaphore");
    const pool = new ActorPool([Semaphore.remote()]);
    type Handle = ReturnType<typeof Semaphore.remote>;
    const release = (semaphore: Handle, holder: string) => wray.get(semaphore.release.remote(holder));
    const available = (semaphore: Handle) => wray.get(semaphore.available.remote());
    const failing = pool.submit((semaphore) => release(semaphore, "nobody"));
    const next = pool.submit(available);
    await rejects(failing, "TASK_ERROR");
    assert.is(await next, 1);
    const mapped = pool.map(release, ["a", "b", "c"]);
    await rejects(mapped.next(), "TASK_ERROR");
    assert.is(await pool.submit(available), 1);
    throwsCode(() => new ActorPool([]), "INVALID_TASK");
  });
}
