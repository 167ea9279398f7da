import { type Submission, TaskTable } from "../../../scheduler/dataflow/task-table.ts";
import { ObjectTable, type ReadyState } from "../../../scheduler/ownership/object-table.ts";
import { HostTable } from "../../../scheduler/placement/host-table.ts";
import {
  TaskError,
  toWireError,
  WorkerCrashedError,
  type WrayError,
} from "../../../scheduler/protocol/errors.ts";
import type { Arg, Outcome } from "../../../scheduler/protocol/messages.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("dataflow/task-table");

const small = Uint8Array.of(1);
const value: Outcome = { kind: "value", value: small };
const stored: Outcome = { kind: "stored", bytes: 10_000 };
const crash: Outcome = { kind: "error", error: toWireError(new WorkerCrashedError("crash")) };
const trap: Outcome = { kind: "error", error: toWireError(new TaskError("trap")) };

/** A table with these hosts, and what it sent. */
function tableOf(...hostIds: string[]) {
  const sent: { hostId: string; task: { id: string; args: readonly Arg[] } }[] = [];
  const cancelled: string[] = [];
  const freed: [string, string[]][] = [];
  const clock = { nowMs: 0 };
  const objects = new ObjectTable((id, hosts) => freed.push([id, [...hosts]]));
  const hosts = new HostTable();
  const tasks = new TaskTable({
    ...{ objects, hosts, clientId: "me", infeasibleAfterMs: 1_000 },
    send: (hostId, { id }, args) => sent.push({ hostId, task: { id, args } }),
    cancel: (hostId, id) => cancelled.push(`${id} on ${hostId}`),
    nowMs: () => clock.nowMs,
    random: () => 0,
  });
  const join = (id: string) => {
    hosts.heard({ v: 1, host: id, epoch: 1, cpus: 1, queued: 0, running: 0, state: "up" }, clock.nowMs);
  };
  for (const id of hostIds) join(id);
  const submit = (id: string, args: Submission["args"] = [], maxRetries = 0, options = {}) =>
    tasks.submit(id, {
      template: { label: `m/${id}`, module: "sha", kernel: id, options, maxRetries },
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
  objects.create("far", { kind: "remote", hosts: new Set(["b"]) });
  submit("t", [small, "small", "large", "far"]);
  const me = { kind: "client", id: "me" } as const;
  assert.equal(sent, [
    {
      hostId: "a",
      task: {
        id: "t",
        args: [small, small, { ref: "large", at: [me] }, { ref: "far", at: [{ kind: "host", id: "b" }, me] }],
      },
    },
  ]);
});

test("submit() has later hosts ask earlier ones for an object, then who holds the original", () => {
  const { sent, submit, objects } = tableOf("a");
  objects.create("far", { kind: "remote", hosts: new Set(["b"]) });
  for (const host of ["c", "d"]) objects.copiedTo("far", host);
  submit("t", ["far"]);
  const at = [
    { kind: "host", id: "c" },
    { kind: "host", id: "b" },
    { kind: "client", id: "me" },
  ];
  assert.equal(sent[0]?.task.args, [{ ref: "far", at }]);
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
  const { tasks, submit, sentTo, errorOf } = tableOf("a");
  submit("x", [], 2);
  for (let run = 0; run < 3; run++) tasks.ended("a", "x", crash);
  assert.equal(sentTo(), ["x to a", "x to a", "x to a"]);
  assert.is(errorOf("x").code, "WORKER_CRASHED");
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
  assert.equal(hosts.candidates(0), [{ id: "a", cpus: 1, load: 0 }]);
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

test("placeWaiting() places a task when a host has come, and fails it when none came in time", () => {
  const { tasks, submit, sentTo, join, clock, errorOf } = tableOf();
  submit("x");
  clock.nowMs = 1_000;
  tasks.placeWaiting();
  join("a");
  tasks.placeWaiting();
  assert.equal(sentTo(), ["x to a"]);
  clock.nowMs = 2_000;
  submit("y");
  clock.nowMs = 3_001;
  tasks.placeWaiting();
  assert.is(errorOf("y").code, "INFEASIBLE_TASK");
});

test("close() fails every task that has not ended", () => {
  const { tasks, submit, errorOf } = tableOf("a");
  submit("x");
  submit("y", ["x"]);
  tasks.close();
  assert.is(errorOf("x").code, "SHUTDOWN");
  assert.is(errorOf("y").code, "SHUTDOWN");
});

test("submit() keeps tasks back when no host has room, and placeWaiting() sends them in order once there is some", () => {
  const { tasks, submit, sentTo } = tableOf("a");
  for (let index = 0; index < 70; index++) submit(`t${index}`);
  assert.is(sentTo().length, 64);
  tasks.placeWaiting();
  assert.equal(sentTo(), []);
  for (const id of ["t5", "t9"]) tasks.ended("a", id, value);
  assert.equal(sentTo(), []);
  tasks.placeWaiting();
  assert.equal(sentTo(), ["t64 to a", "t65 to a"]);
  tasks.cancel("t66");
  tasks.ended("a", "t1", value);
  submit("late");
  tasks.placeWaiting();
  assert.equal(sentTo(), ["t67 to a"]);
});

test("submit() sends a task of a task at once, since what has all the room may wait for it", () => {
  const { submit, sentTo } = tableOf("a");
  for (let index = 0; index < 70; index++) submit(`t${index}`);
  sentTo();
  submit("child", [], 0, { depth: 1 });
  assert.equal(sentTo(), ["child to a"]);
});

test("placeWaiting() fails no task that is kept back as long as there is a host", () => {
  const { tasks, submit, objects, clock, join, errorOf } = tableOf("a");
  for (let index = 0; index < 65; index++) submit(`t${index}`);
  for (let time = 0; time < 20; time++) {
    clock.nowMs += 200;
    join("a");
    tasks.placeWaiting();
  }
  assert.is(objects.state("t64")?.kind, "pending");
  // From now on nobody hears of it.
  clock.nowMs += 1_001;
  tasks.placeWaiting();
  assert.is(errorOf("t64").code, "INFEASIBLE_TASK");
});
