import { IdleHosts } from "../../../scheduler/placement/idle-hosts.ts";
import { defaultNeed } from "../../../scheduler/placement/resources.ts";
import { HostQueue, type QueuedTask } from "../../../scheduler/queue/host-queue.ts";
import { HostScheduler } from "../../../scheduler/queue/host-scheduler.ts";
import { Thief } from "../../../scheduler/queue/thief.ts";
import { assert, suite } from "../../support/index.ts";
import { forSeeds } from "../seeds.ts";

const test = suite("queue/host-queue");

type Task = QueuedTask & { name: string };

const task = (name: string, more: Partial<QueuedTask> = {}): Task => ({
  ...{ name, owner: "a", priority: 0, depth: 0, shape: "", estimateMs: 10, queuedMs: 0, hasEnded: false },
  ...{ need: defaultNeed, expiresMs: undefined, canMove: true, hops: 0, bundle: undefined, taken: undefined },
  ...more,
});

const needing = (name: string, need: Record<string, number>, more: Partial<QueuedTask> = {}) =>
  task(name, { need, shape: JSON.stringify(need), ...more });

function queueOf(resources: Record<string, number>, typicalMs = 10) {
  const started: Task[] = [];
  const expired: string[] = [];
  const queue = new HostQueue<Task>({
    ...{ resources, typicalMs: () => typicalMs },
    start: (task) => started.push(task),
    expired: ({ name }) => expired.push(name),
  });
  const names = () => started.splice(0).map(({ name }) => name);
  return { queue, started, names, expired };
}

test("push() starts as many tasks as there are cpus, and ended() the next ones", () => {
  const { queue, started } = queueOf({ cpu: 2 });
  for (const name of ["x", "y", "z"]) queue.push(task(name), 0);
  assert.equal(
    started.map(({ name }) => name),
    ["x", "y"],
  );
  assert.equal(queue.load, { queued: 1, running: 2, waitMs: 5 });
  queue.ended(started[0]!, 0);
  assert.is(started[2]?.name, "z");
  for (const each of started.slice(1)) queue.ended(each, 0);
  assert.ok(queue.isWhole);
});

test("push() starts short tasks ahead, so that no cpu waits for the next one", () => {
  const startedOf = (typicalMs: number) => {
    const { queue, started } = queueOf({ cpu: 1 }, typicalMs);
    for (let each = 0; each < 500; each++) queue.push(task(`${each}`), 0);
    return started.length;
  };
  assert.equal([10, 0.5, 0.2, 0.01].map(startedOf), [1, 1, 2, 500]);
});

test("push() lets what fits pass what does not, for a while", () => {
  const { queue, names, started } = queueOf({ cpu: 4, gpu: 1 });
  queue.push(needing("gpu 1", { cpu: 1, gpu: 1 }), 0);
  queue.push(needing("gpu 2", { cpu: 1, gpu: 1 }), 0);
  queue.push(task("cpu"), 0);
  const [gpu1] = started;
  assert.equal(names(), ["gpu 1", "cpu"]);
  queue.push(task("later", { queuedMs: 1_000 }), 1_000);
  assert.equal(names(), [], "what has waited long is next");
  queue.ended(gpu1!, 1_000);
  assert.equal(names(), ["gpu 2", "later"]);
});

test("push() keeps a task of several cpus back until so many are free", () => {
  const { queue, names, started } = queueOf({ cpu: 2 });
  queue.push(task("x"), 0);
  queue.push(needing("both", { cpu: 2 }), 0);
  const [x] = started;
  assert.equal(names(), ["x"]);
  queue.ended(x!, 0);
  assert.equal(names(), ["both"]);
  queue.push(task("y"), 0);
  assert.equal(names(), []);
});

test("expire() ends what has waited longer than it is wanted, and nothing that runs", () => {
  const { queue, expired } = queueOf({ cpu: 1 });
  for (const name of ["x", "y"]) queue.push(task(name, { expiresMs: 100 }), 0);
  queue.push(task("z"), 0);
  queue.expire(99);
  assert.equal(expired, []);
  queue.expire(100);
  assert.equal(expired, ["y"]);
  assert.is(queue.load.queued, 1);
});

test("giveAway() gives what would be run last, and nothing that can't move", () => {
  const { queue } = queueOf({ cpu: 1 });
  for (const name of ["x", "y", "z"]) queue.push(task(name), 0);
  queue.push(task("fixed", { canMove: false }), 0);
  assert.equal(
    queue.giveAway(2).map(({ name }) => name),
    ["z", "y"],
  );
  assert.equal(queue.giveAway(2), []);
});

test("overdue() gives back what has waited only if others have asked for work lately, and not for ever", () => {
  const { queue } = queueOf({ cpu: 1 });
  for (const name of ["x", "y"]) queue.push(task(name), 0);
  queue.push(task("far", { hops: 3 }), 0);
  assert.equal(queue.overdue(50), []);
  queue.asked(50);
  assert.equal(
    queue.overdue(51).map(({ name }) => name),
    ["y"],
  );
  assert.not(queue.isTooFull(task("z"), 100));
  queue.asked(100);
  assert.ok(queue.isTooFull(task("z"), 101));
  assert.not(queue.isTooFull(task("z", { hops: 3 }), 101));
  assert.not(queue.isTooFull(task("z", { canMove: false }), 101));
});

test("HostQueue loses no task and gives back all that it takes, under random schedules", () => {
  forSeeds(2_000, (random) => {
    const { queue, started, expired } = queueOf({ cpu: 4, gpu: 1, memory: 100 }, random.pick([0.05, 10]));
    const waiting = new Set<string>();
    const running: Task[] = [];
    let count = 0;
    let nowMs = 0;
    const look = () => {
      for (const each of started.splice(0)) {
        assert.ok(waiting.delete(each.name), "each is started once");
        running.push(each);
      }
      for (const name of expired.splice(0)) assert.ok(waiting.delete(name));
      if (groups.size > 0) return;
      for (const amount of Object.values(queue.ledger.available)) assert.ok(amount >= 0);
    };
    const groups = new Set<string>();
    /** What can't run beside a group, or in one that is gone, goes elsewhere. */
    const goBarred = () => outOf(queue.remove((each) => queue.isBarred(each)));
    const drop = (group: string) => {
      groups.delete(group);
      queue.unreserve(group, undefined, nowMs);
      goBarred();
    };
    const outOf = (tasks: Task[]) => {
      for (const { name } of tasks) assert.ok(waiting.delete(name));
    };
    for (let step = 0; step < 100; step++) {
      nowMs += random.below(100);
      const chance = random.next();
      if (chance < 0.5) {
        const need = random.pick([
          defaultNeed,
          defaultNeed,
          { cpu: 2 },
          { gpu: 0.5, cpu: 0 },
          { memory: 60 },
        ]);
        const name = `${count++}`;
        waiting.add(name);
        const more = {
          ...{ owner: random.pick(["a", "b"]), priority: random.below(2), queuedMs: nowMs },
          ...{ canMove: random.happens(0.7), expiresMs: random.happens(0.2) ? nowMs + 200 : undefined },
        };
        const group = random.happens(0.3) ? [...groups][0] : undefined;
        const bundled = task(name, {
          ...more,
          owner: "a",
          bundle: { group: group!, index: 0 },
          shape: group!,
        });
        const plain = need === defaultNeed ? task(name, more) : needing(name, need, more);
        const next = group === undefined ? plain : bundled;
        if (queue.isBarred(next)) waiting.delete(name);
        else queue.push(next, nowMs);
      } else if (chance < 0.8) {
        if (running.length > 0) queue.ended(running.splice(random.below(running.length), 1)[0]!, nowMs);
      } else if (chance < 0.85) outOf(queue.giveAway(random.below(3)));
      else if (chance < 0.9) queue.asked(nowMs);
      else if (chance < 0.93) outOf(queue.overdue(nowMs));
      else if (chance < 0.95) queue.expire(nowMs);
      else if (chance < 0.97) {
        // It is in line, and comes back.
        const [withdrawn] = running.splice(random.below(running.length), 1);
        if (withdrawn !== undefined) queue.withdrawn(withdrawn);
      } else if (groups.size > 0 && random.happens(0.5)) {
        drop(random.pick([...groups]));
      } else {
        const group = `g${step}`;
        const need = { cpu: 1 + random.below(2), gpu: random.below(2) };
        if (queue.reserve("a", group, 1, [{ index: 0, need }])) groups.add(group);
        goBarred();
      }
      look();
    }
    for (const group of groups) drop(group);
    queue.fill(nowMs);
    look();
    while (running.length > 0) {
      queue.ended(running.pop()!, nowMs);
      look();
    }
    assert.is(waiting.size, 0, "all have run");
    assert.ok(queue.isWhole, "all is available again");
    assert.equal(queue.load, { queued: 0, running: 0, waitMs: 0 });
  });
});

test("HostScheduler starts the next task when one that was started is withdrawn: no other may be there to end", () => {
  const started: string[] = [];
  const given: string[] = [];
  const scheduler = new HostScheduler<Task>({
    ...{ resources: { cpu: 1 }, typicalMs: () => 10, random: () => 0, idle: new IdleHosts() },
    ...{ victims: () => [], ask() {}, wakeIn() {}, isShort: () => false, expired() {} },
    load: () => ({ queued: 1, running: 1, waitMs: 0 }),
    start: ({ name }) => started.push(name),
    giveBack: ({ name }) => given.push(name),
  });
  const [first, second] = [task("first"), task("second")];
  scheduler.arrived(first, 0);
  scheduler.arrived(second, 0);
  assert.equal(started, ["first"]);
  scheduler.withdrawn(first, 1);
  assert.equal([started, given], [["first", "second"], ["first"]]);
});

test("Thief asks when two cpus are free, or all, and the less often the longer nothing comes", () => {
  const thief = new Thief({ victims: () => ["a", "b"], random: () => 0.5 });
  assert.is(thief.victim(1, 4, 0), undefined);
  assert.is(thief.victim(1, 1, 0), "b");
  const asked: number[] = [];
  for (let nowMs = 0; nowMs < 10_000; nowMs += 0.5)
    if (thief.victim(2, 4, nowMs) !== undefined) asked.push(nowMs);
  const gaps = asked.slice(1).map((each, index) => each - asked[index]!);
  assert.ok(gaps[0]! <= 2 && gaps.at(-1) === 1_000, `${gaps}`);
  thief.worked();
  assert.is(thief.victim(2, 4, 20_000), "b");
  assert.is(thief.victim(2, 4, 20_001), "b");
});

test("IdleHosts gives the last one that said so, for as many tasks as it has cpus, and not for long", () => {
  const idle = new IdleHosts();
  idle.add("a", 1, 0);
  idle.add("b", 2, 1);
  assert.equal([idle.take(1), idle.take(1), idle.take(1), idle.take(1)], ["b", "b", "a", undefined]);
  idle.add("c", 1, 1);
  assert.is(idle.take(10), undefined);
});

test("Thief asks nobody when there is nobody", () => {
  assert.is(new Thief({ victims: () => [], random: Math.random }).victim(2, 2, 0), undefined);
});

test("keep() leaves what a task has taken with what it has made, which others can't count on until letGo()", () => {
  const { queue, names } = queueOf({ cpu: 2, gpu: 1 });
  const maker = needing("maker", { gpu: 1 });
  const waiting = needing("waiting", { cpu: 1, gpu: 1 });
  queue.push(maker, 0);
  queue.keep(maker);
  assert.equal(queue.load, { queued: 0, running: 0, waitMs: 0 });
  assert.equal(queue.unreserved, { cpu: 2, gpu: 0 });
  assert.ok(queue.isBarred(waiting));
  assert.not(queue.isBarred(task("plain")));
  assert.not(queue.reserve("a", "group", 0, [{ index: 0, need: { gpu: 1 } }]));
  queue.push(waiting, 0);
  queue.push(task("plain"), 0);
  assert.equal(names(), ["maker", "plain"]);
  queue.letGo(maker, 0);
  assert.equal(names(), ["waiting"]);
  assert.is(queue.unreserved, undefined);
});

test("keep() of a task in a bundle leaves with it what it has of the bundle, or of the host when that is gone", () => {
  const { queue, names } = queueOf({ cpu: 2 });
  const bundle = { group: "group", index: 0 };
  assert.ok(queue.reserve("a", "group", 0, [{ index: 0, need: { cpu: 1 } }]));
  const [maker, next] = ["maker", "next"].map((name) => needing(name, { cpu: 1 }, { bundle })) as [
    Task,
    Task,
  ];
  for (const each of [maker, next]) queue.push(each, 0);
  queue.keep(maker);
  assert.equal([names(), queue.bundled], [["maker"], 0]);
  queue.letGo(maker, 0);
  assert.equal(names(), ["next"]);
  queue.keep(next);
  queue.unreserve("group", undefined, 0);
  for (const name of ["x", "y"]) queue.push(needing(name, { cpu: 1 }), 0);
  assert.equal(names(), ["x"]);
  queue.letGo(next, 0);
  assert.equal(names(), ["y"]);
});
