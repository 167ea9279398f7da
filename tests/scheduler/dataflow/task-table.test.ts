import type { PendingTask, Submission, TaskTemplate } from "../../../scheduler/dataflow/pending-task.ts";
import { TaskTable } from "../../../scheduler/dataflow/task-table.ts";
import { ObjectTable, type ReadyState } from "../../../scheduler/ownership/object-table.ts";
import { HostTable, tasksOn } from "../../../scheduler/placement/host-table.ts";
import { RunTimes } from "../../../scheduler/placement/run-times.ts";
import {
  TaskError,
  toWireError,
  WorkerCrashedError,
  type WrayError,
} from "../../../scheduler/protocol/errors.ts";
import type { Arg, Outcome } from "../../../scheduler/protocol/messages.ts";
import { assert, suite } from "../../support/index.ts";
import { numbering } from "../seeds.ts";

const test = suite("dataflow/task-table");

const small = Uint8Array.of(1);
const value: Outcome = { kind: "value", value: small };
const stored: Outcome = { kind: "stored", bytes: 10_000 };
const crash: Outcome = { kind: "error", error: toWireError(new WorkerCrashedError("crash")) };
const trap: Outcome = { kind: "error", error: toWireError(new TaskError("trap")) };

/** A table with these hosts, and what it sent. */
function tableOf(...hostIds: string[]) {
  const sent: { hostId: string; task: PendingTask; args: readonly Arg[] }[] = [];
  const cancelled: string[] = [];
  const freed: [string, string[]][] = [];
  const clock = { nowMs: 0 };
  const objects = new ObjectTable((id, hosts) => freed.push([id, [...hosts]]));
  const hosts = new HostTable();
  const tasks = new TaskTable({
    ...{ objects, hosts, times: new RunTimes(), clientId: "me", infeasibleAfterMs: 1_000 },
    numberOf: numbering(),
    send: (hostId, task, args) => sent.push({ hostId, task, args }),
    cancel: (hostId, id) => cancelled.push(`${id} on ${hostId}`),
    nowMs: () => clock.nowMs,
    random: () => 0,
  });
  const join = (id: string) => {
    hosts.heard({ v: 1, host: id, epoch: 1, cpus: 1, queued: 0, running: 0, state: "up" }, clock.nowMs);
  };
  for (const id of hostIds) join(id);
  const submit = (id: string, args: Submission["args"] = [], maxRetries = 0) =>
    tasks.submit(id, {
      template: { label: `m/${id}`, module: "sha", kernel: id, options: {}, maxRetries },
      args,
    });
  const lose = (id: string) => {
    clock.nowMs += 10_000;
    for (const other of hostIds) if (other !== id) join(other);
    for (const lost of hosts.takeLost(clock.nowMs)) tasks.hostLost(lost.id, lost.hasLeft);
  };
  const sentTo = () => sent.splice(0).map(({ hostId, task }) => `${task.id} to ${hostId}`);
  const errorOf = (id: string) => {
    const state = objects.state(id) as ReadyState;
    if (state.kind !== "failed") throw new Error(`${id} is ${state.kind}`);
    return state.error as WrayError;
  };
  return { tasks, objects, hosts, sent, cancelled, freed, clock, join, submit, lose, sentTo, errorOf };
}

test("submit() sends a task at once when its arguments are there", () => {
  const { sent, submit, objects } = tableOf("a");
  objects.create("small", { kind: "local", value: small });
  objects.create("large", { kind: "local", value: new Uint8Array(8 * 1024 + 1) });
  objects.create("far", { kind: "remote", hosts: new Set(["b"]), bytes: 10_000 });
  submit("t", [small, "small", "large", "far"]);
  const me = { kind: "client", id: "me" } as const;
  assert.is(sent.length, 1);
  const [{ hostId, task, args }] = sent as [(typeof sent)[0]];
  assert.equal([hostId, task.id], ["a", "t"]);
  assert.equal(args, [
    ...[small, small, { ref: "large", at: [me] }],
    { ref: "far", at: [{ kind: "host", id: "b" }, me] },
  ]);
});

test("submit() has later hosts ask earlier ones for an object, then who holds the original", () => {
  const { sent, submit, objects } = tableOf("a");
  objects.create("far", { kind: "remote", hosts: new Set(["b"]), bytes: 10_000 });
  for (const host of ["c", "d"]) objects.copiedTo("far", host);
  submit("t", ["far"]);
  const at = [
    { kind: "host", id: "c" },
    { kind: "host", id: "b" },
    { kind: "client", id: "me" },
  ];
  assert.equal(sent[0]?.args, [{ ref: "far", at }]);
});

test("submit() keeps a task back until every argument is ready", () => {
  const { tasks, submit, sentTo } = tableOf("a");
  submit("x");
  submit("y");
  submit("sum", ["x", "y", "x"]);
  assert.equal(sentTo(), ["x to a", "y to a"]);
  tasks.ended("a", "x", value);
  assert.equal(sentTo(), []);
  tasks.ended("a", "y", stored);
  assert.equal(sentTo(), ["sum to a"]);
});

test("onFree is told of an argument when its last task has ended and the program has dropped it", () => {
  const { tasks, objects, submit, sentTo, freed } = tableOf("a", "b");
  submit("x");
  tasks.ended("a", "x", stored);
  submit("other");
  submit("y", ["x"]);
  assert.equal(sentTo(), ["x to a", "other to a", "y to b"]);
  objects.drop("x");
  assert.equal(freed, []);
  tasks.ended("b", "y", value);
  assert.equal(freed, [["x", ["b", "a"]]]);
});

test("ended() fails a task and all that depend on it with one error and the chain of their names", () => {
  const { tasks, submit, sentTo, errorOf } = tableOf("a");
  submit("x");
  submit("y", ["x"]);
  submit("z", ["y", "x"]);
  tasks.ended("a", "x", trap);
  assert.equal(sentTo(), ["x to a"]);
  assert.is(errorOf("x").code, "TASK_ERROR");
  assert.equal(errorOf("x").data, {});
  assert.is(errorOf("z").message, "trap");
  assert.is(errorOf("z").code, "TASK_ERROR");
  assert.equal(errorOf("y").data, { chain: ["m/y"] });
  submit("late", ["z"]);
  assert.is((errorOf("late").data.chain as string[]).at(-1), "m/late");
});

test("ended() fails a chain of 20,000 dependents without running out of stack", () => {
  const { tasks, submit, errorOf } = tableOf("a");
  submit("0");
  for (let index = 1; index <= 20_000; index++) submit(`${index}`, [`${index - 1}`]);
  tasks.ended("a", "0", trap);
  const { code, data } = errorOf("20000");
  assert.is(code, "TASK_ERROR");
  assert.ok((data.chain as string[]).length <= 100);
});

test("ended() runs a task again when its worker crashed, as often as maxRetries", () => {
  const { tasks, submit, sentTo, errorOf, clock } = tableOf("a");
  submit("x", [], 2);
  for (let run = 0; run < 3; run++) {
    tasks.ended("a", "x", crash);
    clock.nowMs += 100;
    tasks.tick();
  }
  assert.equal(sentTo(), ["x to a", "x to a", "x to a"]);
  assert.is(errorOf("x").code, "WORKER_CRASHED");
});

test("ended() runs a task whose worker crashed again after a while, twice as long each time", () => {
  const { tasks, submit, sentTo, clock, join } = tableOf("a");
  submit("x", [], 10);
  sentTo();
  // With no randomness, half of the longest: 25 ms, 50 ms, 100 ms, …
  for (const waitMs of [25, 50, 100, 200]) {
    tasks.ended("a", "x", crash);
    clock.nowMs += waitMs - 1;
    join("a");
    tasks.tick();
    assert.equal(sentTo(), []);
    clock.nowMs += 1;
    tasks.tick();
    assert.equal(sentTo(), ["x to a"]);
  }
});

test("a task that was cancelled while it waited to be run again is not", () => {
  const { tasks, submit, sentTo, errorOf, clock } = tableOf("a");
  submit("x", [], 10);
  tasks.ended("a", "x", crash);
  sentTo();
  tasks.cancel("x");
  clock.nowMs += 1_000;
  tasks.tick();
  assert.equal(sentTo(), []);
  assert.is(errorOf("x").code, "TASK_CANCELLED");
});

test("ended() tries a task anew after an error that retryErrors names, with another seed each time", () => {
  const { tasks, sent, errorOf, clock, join } = tableOf("a");
  const template = { label: "m/x", module: "sha", kernel: "x", options: {}, maxRetries: 2 };
  const seeds: (string | undefined)[] = [];
  for (const retryErrors of ["all", ["TASK_ERROR"], ["OUT_OF_MEMORY"]] as const) {
    tasks.submit(`${retryErrors}`, { template: { ...template, retryErrors }, args: [] });
    for (let run = 0; run < 3; run++) {
      seeds.push(sent.at(-1)?.task.seed);
      tasks.ended("a", `${retryErrors}`, trap);
      clock.nowMs += 100;
      join("a");
      tasks.tick();
    }
    assert.is(errorOf(`${retryErrors}`).code, "TASK_ERROR");
  }
  assert.equal(seeds.slice(0, 6), [undefined, "all~1", "all~2", undefined, "TASK_ERROR~1", "TASK_ERROR~2"]);
  assert.is(sent.length, 7);
});

test("ended() places a task elsewhere when its host hands it back, and counts no retry", () => {
  const { tasks, submit, sentTo, objects } = tableOf("a");
  submit("x");
  for (let time = 0; time < 5; time++) tasks.ended("a", "x", { kind: "returned" });
  assert.is(sentTo().length, 6);
  tasks.ended("a", "x", value);
  assert.is(objects.state("x")?.kind, "local");
});

test("hostLost() places the tasks of a dead host elsewhere, as often as maxRetries", () => {
  const { submit, sentTo, lose, errorOf } = tableOf("a", "b");
  submit("again", [], 1);
  submit("once");
  assert.equal(sentTo(), ["again to a", "once to b"]);
  lose("a");
  assert.equal(sentTo(), ["again to b"]);
  lose("b");
  assert.is(errorOf("once").code, "HOST_DIED");
});

test("hostLost() counts no retry when the host has left in order", () => {
  const { tasks, submit, sentTo } = tableOf("a");
  submit("x");
  tasks.hostLost("a", true);
  assert.equal(sentTo(), ["x to a", "x to a"]);
});

test("hostLost() takes the tasks off the load of a host that is still there", () => {
  const { tasks, hosts, submit } = tableOf("a");
  submit("x");
  submit("y", [], 1);
  tasks.hostLost("a", false);
  assert.is(hosts.view()[0]?.tasksPending, 1);
  tasks.ended("a", "y", value);
  assert.is(tasksOn(hosts.get("a")!), 0);
});

test("hostLost() fails what needs an object that only this host held", () => {
  const { tasks, objects, submit, lose, errorOf } = tableOf("a", "b");
  submit("x");
  tasks.ended("a", "x", stored);
  lose("a");
  assert.is(errorOf("x").code, "OBJECT_LOST");
  submit("y", ["x"]);
  assert.is(errorOf("y").code, "OBJECT_LOST");
  assert.equal(errorOf("y").data.chain, ["m/y"]);
  assert.is(objects.size, 2);
});

test("ended() ignores a result when the task is no longer at that host, and has it let go of what it stored", () => {
  const { tasks, objects, submit, lose, freed } = tableOf("a", "b");
  submit("x", [], 1);
  lose("a");
  tasks.ended("a", "x", value);
  assert.is(objects.state("x")?.kind, "pending");
  tasks.ended("a", "x", stored);
  assert.equal(freed, [["x", ["a"]]]);
  tasks.ended("b", "x", value);
  tasks.ended("b", "x", trap);
  tasks.ended("b", "unknown", value);
  assert.is(objects.state("x")?.kind, "local");
});

test("tick() places a task when a host has come, and fails it when none came in time", () => {
  const { tasks, hosts, submit, sentTo, join, clock, errorOf } = tableOf();
  submit("x");
  clock.nowMs = 1_000;
  tasks.tick();
  join("a");
  tasks.tick();
  assert.equal(sentTo(), ["x to a"]);
  clock.nowMs = 4_000;
  hosts.takeLost(4_000);
  submit("y");
  tasks.tick();
  clock.nowMs = 5_001;
  tasks.tick();
  assert.is(errorOf("y").code, "INFEASIBLE_TASK");
});

const options = (more: Partial<TaskTemplate>): Submission => ({
  template: { label: "m/k", module: "sha", kernel: "k", maxRetries: 0, options: {}, ...more },
  args: [],
});

test("tick() fails a task that no host can run, and tells which come nearest and what they lack", () => {
  const { tasks, clock, join, errorOf } = tableOf("a");
  tasks.submit("x", options({ options: { need: { cpu: 1, gpu: 2 } } }));
  tasks.submit("y", options({ where: { labels: { zone: "moon" } } }));
  tasks.submit("z", options({ where: { host: "b" } }));
  tasks.tick();
  clock.nowMs = 1_001;
  join("a");
  tasks.tick();
  for (const id of ["x", "y", "z"]) assert.is(errorOf(id).code, "INFEASIBLE_TASK");
  assert.match(errorOf("x").message, /a lacks gpu: 2 needed, 0 there/);
  assert.match(errorOf("y").message, /a lacks label zone=moon/);
  assert.match(errorOf("z").message, /a lacks host b/);
  assert.equal(errorOf("x").data.nearest, [{ id: "a", lacks: ["gpu: 2 needed, 0 there"] }]);
});

test("submit() keeps what a host has no room for, and sends it as results come, by priority", () => {
  const { tasks, submit, sentTo } = tableOf("a");
  for (let task = 0; task < 20; task++) submit(`t${task}`);
  tasks.submit("urgent", options({ options: { priority: 1 } }));
  const first = sentTo();
  assert.ok(first.length < 20, `${first.length}`);
  assert.is(tasks.waitingCount, 21 - first.length);
  tasks.ended("a", "t0", value);
  tasks.placeWaiting();
  assert.equal(sentTo()[0], "urgent to a");
});

test("tick() fails what waited longer than its ttlMs, and a task that misses its deadline wherever it is", () => {
  const { tasks, clock, join, errorOf, cancelled } = tableOf("a");
  tasks.submit("running", options({ deadlineMs: 50 }));
  for (let task = 0; task < 20; task++) tasks.submit(`t${task}`, options({}));
  tasks.submit("old", options({ ttlMs: 50 }));
  clock.nowMs = 49;
  tasks.tick();
  assert.equal(cancelled, []);
  clock.nowMs = 51;
  join("a");
  tasks.tick();
  assert.is(errorOf("old").code, "TASK_EXPIRED");
  assert.is(errorOf("running").code, "TASK_TIMEOUT");
  assert.equal(cancelled, ["running on a"]);
});

test("submit() sends with a task how long the task is wanted, and has to be done", () => {
  const { tasks, clock, sent } = tableOf("a");
  clock.nowMs = 5;
  tasks.submit("x", options({ ttlMs: 50, deadlineMs: 100, options: { priority: 2 } }));
  const { expiresMs, dueMs, priority } = sent[0]!.task;
  assert.equal([expiresMs, dueMs, priority], [55, 105, 2]);
});

test("submit() lets no more tasks of a key be under way than maxConcurrent, in order", () => {
  const { tasks, sentTo } = tableOf("a", "b");
  for (const id of ["x", "y", "z"]) tasks.submit(id, options({ key: "user", maxConcurrent: 2 }));
  tasks.submit("other", options({ key: "someone", maxConcurrent: 1 }));
  const idsSent = () => sentTo().map((each) => each.split(" ")[0]);
  assert.equal(idsSent(), ["x", "y", "other"]);
  tasks.cancel("z");
  tasks.submit("last", options({ key: "user", maxConcurrent: 2 }));
  tasks.ended("a", "x", value);
  tasks.ended("b", "x", value);
  assert.equal(idsSent(), ["last"]);
});

test("ended() places a task again that a full host gave back, with one hop more, and where it was asked for", () => {
  const { tasks, sent, submit } = tableOf("a", "b");
  submit("x");
  tasks.ended("a", "x", { kind: "returned", isFull: true, to: "b" });
  assert.equal(
    sent.map(({ hostId, task }) => [hostId, task.hops]),
    [
      ["a", 1],
      ["b", 1],
    ],
  );
  tasks.ended("b", "x", { kind: "returned", to: "nobody" });
  assert.is(sent.length, 3);
});

test("close() fails every task that has not ended", () => {
  const { tasks, submit, errorOf } = tableOf("a");
  submit("x");
  submit("y", ["x"]);
  tasks.close();
  assert.is(errorOf("x").code, "SHUTDOWN");
  assert.is(errorOf("y").code, "SHUTDOWN");
});

test("submit() sends a task of a task at once, since what has all the room may wait for it", () => {
  const { tasks, submit, sentTo } = tableOf("a");
  for (let index = 0; index < 70; index++) submit(`t${index}`);
  assert.ok(sentTo().length < 70);
  tasks.submit("child", options({ options: { depth: 1 } }));
  assert.equal(sentTo(), ["child to a"]);
});

test("tick() fails no task that is kept back as long as there is a host", () => {
  const { tasks, hosts, submit, objects, clock, join, errorOf } = tableOf("a");
  for (let index = 0; index < 65; index++) submit(`t${index}`);
  for (let time = 0; time < 20; time++) {
    clock.nowMs += 200;
    join("a");
    tasks.tick();
  }
  assert.is(objects.state("t64")?.kind, "pending");
  // From now on nobody hears of it.
  clock.nowMs += 2_001;
  hosts.takeLost(clock.nowMs);
  tasks.tick();
  clock.nowMs += 1_001;
  tasks.tick();
  assert.is(errorOf("t64").code, "INFEASIBLE_TASK");
});
