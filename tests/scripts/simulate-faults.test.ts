import { ObjectStore } from "../../host/objects/store.ts";
import { TaskTable } from "../../scheduler/dataflow/task-table.ts";
import { ObjectTable } from "../../scheduler/ownership/object-table.ts";
import { HostTable } from "../../scheduler/placement/host-table.ts";
import { HostQueue } from "../../scheduler/queue/host-queue.ts";
import type { Loss } from "../../scripts/simulate/faults/causes.ts";
import type { Cluster } from "../../scripts/simulate/faults/cluster.ts";
import { fencedResults, leftTimers, wrongOutcomes } from "../../scripts/simulate/faults/invariants.ts";
import { Process, SimulatedTimer } from "../../scripts/simulate/faults/process.ts";
import { runSeed } from "../../scripts/simulate/faults/seed.ts";
import type { Submitted } from "../../scripts/simulate/faults/task.ts";
import { assert, suite, type TestContext } from "../support/index.ts";

const test = suite("simulated faults");
const patient = { timeoutMs: 120_000 };

test(
  "after each of 40 seeds every task has its one outcome, and nothing is left over",
  async () => {
    for (let seed = 0; seed < 40; seed++) {
      const { broken } = await runSeed(seed);
      assert.equal(broken, [], `seed ${seed}`);
    }
  },
  patient,
);

test("a seed brings the same events again, whatever was simulated before, and another one others", async () => {
  const traceOf = async (seed: number) => {
    const events: string[] = [];
    const { hash } = await runSeed(seed, { onEvent: (what) => events.push(what) });
    return { hash, events };
  };
  const first = await traceOf(3);
  const other = await traceOf(5);
  const again = await traceOf(3);
  assert.ok(first.events.length > 1_000);
  assert.equal(again, first);
  assert.is.not(other.hash, first.hash);
});

test("the clock, the chance and the timers of the thread are the real ones again when a seed has ended", async () => {
  const real = { setTimeout, setInterval, now: performance.now, date: Date.now, random: Math.random };
  await runSeed(1);
  const after = { setTimeout, setInterval, now: performance.now, date: Date.now, random: Math.random };
  for (const name of Object.keys(real) as (keyof typeof real)[]) assert.is(after[name], real[name], name);
  assert.is.not(crypto.getRandomValues(new Uint8Array(1)), undefined);
});

/** Replaces a method until the test is over. */
function plant<Class extends object, Name extends keyof Class & string>(
  t: TestContext,
  prototype: Class,
  name: Name,
  bug: (original: Class[Name]) => Class[Name],
): void {
  const original = prototype[name];
  prototype[name] = bug(original);
  t.after(() => {
    prototype[name] = original;
  });
}

/** What is broken in the first seed in which anything is. */
async function firstBroken(seedCount = 12): Promise<string> {
  for (let seed = 0; seed < seedCount; seed++) {
    const { broken } = await runSeed(seed);
    if (broken.length > 0) return broken.join("\n");
  }
  return "nothing";
}

test(
  "a result that is dropped is found",
  async (t) => {
    let count = 0;
    plant(
      t,
      TaskTable.prototype,
      "endedByNumber",
      (original) =>
        function (this: TaskTable, ...args) {
          return ++count % 10 === 0 ? true : original.apply(this, args);
        },
    );
    assert.match(await firstBroken(), /has no outcome/);
  },
  patient,
);

test(
  "a wrong value is found",
  async (t) => {
    plant(
      t,
      TaskTable.prototype,
      "endedByNumber",
      (original) =>
        function (this: TaskTable, host, number, outcome) {
          const isNumber = outcome.kind === "value" && typeof outcome.value === "number";
          return original.call(this, host, number, isNumber ? { ...outcome, value: 1 } : outcome);
        },
    );
    assert.match(await firstBroken(), /its value is wrong/);
  },
  patient,
);

test(
  "an outcome that is told twice is found",
  async (t) => {
    plant(
      t,
      ObjectTable.prototype,
      "whenReady",
      (original) =>
        function (this: ObjectTable, id, listener) {
          return original.call(this, id, (state) => {
            listener(state);
            listener(state);
          });
        },
    );
    assert.match(await firstBroken(), /has ended 2 times/);
  },
  patient,
);

test(
  "objects that a host does not let go of are found",
  async (t) => {
    plant(t, ObjectStore.prototype, "release", () => () => false);
    assert.match(await firstBroken(), /^host h\d+ has .*: result of sim\/large$/m);
  },
  patient,
);

test(
  "a ref that is dropped twice is found",
  async (t) => {
    plant(
      t,
      ObjectTable.prototype,
      "unuse",
      (original) =>
        function (this: ObjectTable, id) {
          original.call(this, id);
          original.call(this, id);
        },
    );
    assert.match(await firstBroken(), /-1 users|a process has crashed/);
  },
  patient,
);

test(
  "cpus that are not given back are found",
  async (t) => {
    let count = 0;
    plant(
      t,
      HostQueue.prototype,
      "ended",
      (original) =>
        function (this: HostQueue<never>, task, nowMs) {
          if (++count % 50 !== 0) original.call(this, task as never, nowMs);
        },
    );
    assert.match(await firstBroken(), /not all of a host is free|has no outcome/);
  },
  patient,
);

test(
  "hosts that are given up for nothing are found",
  async (t) => {
    let count = 0;
    plant(
      t,
      HostTable.prototype,
      "takeLost",
      (original) =>
        function (this: HostTable, nowMs) {
          // Once in a while, everybody is taken for dead.
          return original.call(this, ++count % 5 === 0 ? nowMs + 60_000 : nowMs);
        },
    );
    assert.match(await firstBroken(), /HOST_DIED, for which there is no reason/);
  },
  patient,
);

const task = (more: Partial<Submitted>): Submitted => ({
  ...{
    client: { process: new Process("client") } as Submitted["client"],
    id: "c-0",
    kernel: "small",
    takes: [],
  },
  ...{ maxRetries: 1, expected: 1, mayFailWith: new Set<string>(), endCount: 1, endMs: 100 },
  ...{ startMs: 0, fetchErrorMs: undefined },
  ...{
    error: undefined,
    fetchError: undefined,
    isFetched: true,
    wrong: [],
    witness: undefined,
    isDropped: false,
  },
  ...more,
});

const lossesAt = (atMs: number, count = 1): Loss[] =>
  Array.from({ length: count }, () => ({ atMs, untilMs: atMs, isOfClient: false }));

test("wrongOutcomes() takes an error when the faults explain it, and no other", () => {
  const died = task({ error: { code: "HOST_DIED", message: "" } });
  const crashes = new Map([[died.id, 1]]);
  const wrongCount = (each: Submitted, lossCount: number, crashed = new Map<string, number>()) =>
    wrongOutcomes([each], { losses: lossesAt(50, lossCount), absences: [], leaveCount: 0, crashes: crashed })
      .length;
  assert.is(wrongCount(died, 1), 1);
  assert.is(wrongCount(died, 2), 0);
  assert.is(wrongCount(died, 1, crashes), 0);
  assert.is(wrongCount(died, 0, crashes), 1);
  const taker = task({ error: { code: "TASK_ERROR", message: "" }, takes: [task({ id: "c-1" })] });
  assert.is(wrongCount(taker, 0), 1);
  assert.is(wrongCount({ ...taker, takes: [task({ mayFailWith: new Set(["TASK_ERROR"]) })] }, 0), 0);
  assert.is(wrongCount(task({ endCount: 0 }), 0), 1);
});

test("wrongOutcomes() takes no loss for a reason that came after the error, or was over before the task", () => {
  const died = task({ maxRetries: 0, startMs: 50, endMs: 100, error: { code: "HOST_DIED", message: "" } });
  const wrongCount = (lossMs: number, each = died) =>
    wrongOutcomes([each], { losses: lossesAt(lossMs), absences: [], leaveCount: 0, crashes: new Map() })
      .length;
  assert.is(wrongCount(60), 0);
  assert.is(wrongCount(101), 1);
  assert.is(wrongCount(60, { ...died, startMs: 60_000, endMs: 60_001 }), 1);
});

test("wrongOutcomes() takes OWNER_DIED when the owner was gone before, and OBJECT_LOST when it had let go", () => {
  const source = task({});
  const wrongCount = (code: string, goneMs: number | undefined, isDropped = false) => {
    const lent = { ...source, isDropped };
    const borrowed = task({ kernel: "borrowed", takes: [lent], error: { code, message: "" } });
    const { process } = source.client;
    const absences = goneMs === undefined ? [] : [{ process, atMs: goneMs }];
    return wrongOutcomes([borrowed], { losses: [], absences, leaveCount: 0, crashes: new Map() }).length;
  };
  assert.is(wrongCount("OWNER_DIED", 50), 0);
  assert.is(wrongCount("OWNER_DIED", 150), 1);
  assert.is(wrongCount("OWNER_DIED", undefined), 1);
  assert.is(wrongCount("OBJECT_LOST", undefined, true), 0);
  assert.is(wrongCount("OBJECT_LOST", undefined, false), 1);
});

test(
  "an owner that lets go of what is lent is found",
  async (t) => {
    plant(t, ObjectTable.prototype, "hold", () => function (this: ObjectTable) {});
    assert.match(
      await firstBroken(),
      /and its owner knows it no more|refs and \d+ users|a process has crashed/,
    );
  },
  patient,
);

test("fencedResults() finds a result of what a host began before its client gave it up", () => {
  const witness = task({ kernel: "witness", witness: 0 });
  const host = new Process("host h0");
  const cluster = {
    begun: [{ number: 0, taskId: witness.id, host, hostId: "h0", atMs: 10 }],
  } as unknown as Cluster;
  const fencedAt = (atMs: number, hostId = "h0") =>
    fencedResults(
      cluster,
      {
        entries: [],
        brokenLeases: [],
        fences: [{ client: witness.client.process, hostId, atMs }],
        close() {},
      },
      [witness],
    ).length;
  assert.is(fencedAt(50), 1);
  assert.is(fencedAt(5), 0);
  assert.is(fencedAt(150), 0);
  assert.is(fencedAt(50, "h1"), 0);
});

test("leftTimers() finds a timer of who has left", () => {
  const process = new Process("host h0");
  const cluster = { hosts: [{ process, hasLeft: true }], clients: [] } as unknown as Cluster;
  assert.equal(leftTimers(cluster), []);
  const timer = new SimulatedTimer(process, 1, () => {}, 100);
  assert.equal(leftTimers(cluster), ["host h0 has left, and has 1 timers"]);
  timer.clear();
  assert.equal(leftTimers(cluster), []);
});
