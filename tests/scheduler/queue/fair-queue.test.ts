import { Deque } from "../../../scheduler/queue/deque.ts";
import { agingMs, FairQueue, type Waiting } from "../../../scheduler/queue/fair-queue.ts";
import { assert, suite } from "../../support/index.ts";
import { forSeeds } from "../seeds.ts";

const test = suite("queue/fair-queue");

type Item = Waiting & { name: string };

const item = (name: string, more: Partial<Waiting> = {}): Item => ({
  ...{ name, owner: "a", priority: 0, depth: 0, shape: "", estimateMs: 1, queuedMs: 0, hasEnded: false },
  ...more,
});

function drain(queue: FairQueue<Item>, nowMs = 0): string {
  const names: string[] = [];
  for (let next = queue.take(nowMs, () => true); next; next = queue.take(nowMs, () => true))
    names.push(next.name);
  return names.join(" ");
}

function queueOf(...items: Item[]): FairQueue<Item> {
  const queue = new FairQueue<Item>();
  for (const each of items) queue.push(each);
  return queue;
}

test("take() gives the first that came when all are alike", () => {
  assert.is(drain(queueOf(item("x"), item("y"), item("z"))), "x y z");
});

test("take() gives higher priorities first, and the deeper of one priority", () => {
  const queue = queueOf(
    item("x"),
    item("deep", { depth: 2 }),
    item("high", { priority: 1 }),
    item("low", { priority: -1, depth: 5 }),
  );
  assert.is(drain(queue), "high deep x low");
});

test("take() lets what has waited long go before what has a higher priority", () => {
  const waiting = item("old", { queuedMs: 0 });
  const later = 2 * agingMs;
  const queue = queueOf(item("new", { priority: 1, queuedMs: later }), waiting);
  assert.is(drain(queue, later), "old new");
  const soon = queueOf(item("new", { priority: 1, queuedMs: agingMs / 2 }), waiting);
  assert.is(drain(soon, agingMs / 2), "new old");
});

test("take() keeps the deepest of one priority first, however long the others have waited", () => {
  const later = 5 * agingMs;
  const queue = queueOf(item("old"), item("deep", { depth: 3, queuedMs: later }), item("mid", { depth: 1 }));
  assert.is(drain(queue, later), "deep mid old");
});

test("take() serves owners by the time that each has had, not by their numbers of tasks", () => {
  const queue = new FairQueue<Item>();
  for (let each = 0; each < 100; each++) {
    queue.push(item("long", { owner: "a", estimateMs: 10 }));
    queue.push(item("s", { owner: "b", estimateMs: 1 }));
  }
  const first = Array.from({ length: 44 }, () => queue.take(0, () => true)!.name);
  assert.is(first.filter((name) => name === "long").length, 4);
});

test("take() gives a newcomer its turn at once, and no more than its share afterwards", () => {
  const queue = new FairQueue<Item>();
  for (let each = 0; each < 1_000; each++) queue.push(item("a"));
  for (let each = 0; each < 500; each++) queue.take(0, () => true);
  for (let each = 0; each < 100; each++) queue.push(item("b", { owner: "b" }));
  const next = Array.from({ length: 20 }, () => queue.take(0, () => true)!.name);
  assert.is(next.filter((name) => name === "b").length, 10);
});

test("take() passes over what does not fit, unless that is urgent", () => {
  const queue = queueOf(item("large", { shape: "large" }), item("small"));
  const fits = ({ name }: Item) => name === "small";
  assert.is(
    queue.take(0, fits, () => true),
    undefined,
  );
  assert.is(queue.take(0, fits)?.name, "small");
  assert.is(queue.size, 1);
});

test("takeLast() takes those that would come last, of those that are accepted", () => {
  const queue = queueOf(item("x"), item("y"), item("z"), item("high", { priority: 1 }));
  const taken = queue.takeLast(2, ({ name }) => name !== "z");
  assert.equal(
    taken.map(({ name }) => name),
    ["y", "x"],
  );
  assert.is(drain(queue), "high z");
});

test("putBack() makes one its owner's next", () => {
  const queue = queueOf(item("x"), item("y"));
  queue.putBack(queue.take(0, () => true)!);
  assert.is(drain(queue), "x y");
});

test("FairQueue gives each item once, whatever is pushed, taken, put back and removed", () => {
  forSeeds(500, (random) => {
    const queue = new FairQueue<Item>();
    const inside = new Set<Item>();
    for (let step = 0; step < 200; step++) {
      const chance = random.next();
      const out = (each: Item | undefined) => {
        if (each === undefined) return;
        assert.ok(inside.delete(each), "it was inside");
      };
      if (chance < 0.5) {
        const each = item(`${step}`, {
          ...{ owner: random.pick(["a", "b", "c"]), priority: random.below(3), depth: random.below(2) },
          ...{ shape: random.pick(["", "g"]), estimateMs: random.below(10), queuedMs: step },
        });
        queue.push(each);
        inside.add(each);
      } else if (chance < 0.8) {
        const each = queue.take(step * 100, ({ shape }) => shape === "" || random.happens(0.5));
        out(each);
        if (each !== undefined && random.happens(0.2)) {
          queue.putBack(each);
          inside.add(each);
        }
      } else if (chance < 0.9) {
        for (const each of queue.takeLast(random.below(4), () => random.happens(0.7))) out(each);
      } else {
        const owner = random.pick(["a", "b", "c"]);
        for (const each of queue.remove((each) => each.owner === owner && random.happens(0.3))) out(each);
      }
      assert.is(queue.size, inside.size);
      assert.is([...queue].length, inside.size);
    }
    for (let next = queue.take(1e6, () => true); next; next = queue.take(1e6, () => true))
      inside.delete(next);
    assert.is(inside.size, 0);
  });
});

test("Deque is a queue with two ends, as an array is", () => {
  forSeeds(200, (random) => {
    const deque = new Deque<number>();
    let array: number[] = [];
    for (let step = 0; step < 300; step++) {
      const chance = random.next();
      if (chance < 0.5) {
        deque.push(step);
        array.push(step);
      } else if (chance < 0.8) {
        assert.is(deque.shift(), array.shift());
      } else if (chance < 0.9) {
        deque.unshift(step);
        array = [step, ...array];
      } else {
        assert.equal(
          deque.takeLast(1, () => true),
          array.splice(-1),
        );
      }
      assert.equal([...deque], array);
      assert.is(deque.first, array[0]);
    }
  });
});

test("Deque stays small when much goes through it", () => {
  const deque = new Deque<object>();
  const before = process.memoryUsage().heapUsed;
  for (let step = 0; step < 2_000_000; step++) {
    deque.push({ step });
    if (step > 10) deque.shift();
  }
  assert.is(deque.size, 11);
  assert.ok(process.memoryUsage().heapUsed - before < 100e6);
});
