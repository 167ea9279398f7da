import type { PendingTask, Submission, TaskTemplate } from "../../../scheduler/dataflow/pending-task.ts";
import { TaskTable } from "../../../scheduler/dataflow/task-table.ts";
import { ObjectTable, type ReadyState } from "../../../scheduler/ownership/object-table.ts";
import { HostTable } from "../../../scheduler/placement/host-table.ts";
import { RunTimes } from "../../../scheduler/placement/run-times.ts";
import {
  ObjectLostError,
  TaskCancelledError,
  toWireError,
  type WrayError,
} from "../../../scheduler/protocol/errors.ts";
import { type Arg, isRefArg, type Outcome } from "../../../scheduler/protocol/messages.ts";
import { assert, suite } from "../../support/index.ts";
import { numbering } from "../seeds.ts";

const test = suite("dataflow/lineage");

const value: Outcome = { kind: "value", value: Uint8Array.of(1) };
const stored: Outcome = { kind: "stored", bytes: 10_000 };
const none: readonly string[] = [];

/** A client on these hosts, and what it has sent and let go of. */
function clientOf(hostIds: string[], { maxLineageBytes }: { maxLineageBytes?: number } = {}) {
  const sent: { hostId: string; task: PendingTask; args: readonly Arg[] }[] = [];
  const freed: string[] = [];
  const cancelled: string[] = [];
  const asked: [string, readonly string[]][] = [];
  const clock = { nowMs: 0 };
  const objects = new ObjectTable((id, hosts) => freed.push(`${id} on ${[...hosts]}`), maxLineageBytes);
  const hosts = new HostTable();
  const tasks = new TaskTable({
    ...{ objects, hosts, times: new RunTimes(), clientId: "me", infeasibleAfterMs: 1_000 },
    numberOf: numbering(),
    send: (hostId, task, args) => sent.push({ hostId, task, args }),
    cancel: (hostId, id) => cancelled.push(`${id} on ${hostId}`),
    askOwner: (id, hostIds) => asked.push([id, hostIds]),
    nowMs: () => clock.nowMs,
    random: () => 0,
  });
  const up = new Set<string>();
  const join = (id: string) => {
    up.add(id);
    hosts.heard({ v: 1, host: id, epoch: 1, cpus: 100, queued: 0, running: 0, state: "up" }, clock.nowMs);
  };
  for (const id of hostIds) join(id);
  const client = {
    tasks,
    objects,
    sent,
    freed,
    cancelled,
    asked,
    join,
    /** Submits a task of this name that takes these. */
    submit(id: string, args: Submission["args"] = none, template: Partial<TaskTemplate> = {}): void {
      const common = { label: `m/${id}`, module: "sha", kernel: id, options: {}, maxRetries: 3 };
      tasks.submit(id, { template: { ...common, ...template }, args });
    },
    /** Those that were sent since, and ends each of them in the way. */
    run(outcome: Outcome = stored): string[] {
      const names: string[] = [];
      for (let next = sent.shift(); next !== undefined; next = sent.shift()) {
        names.push(next.task.id);
        tasks.ended(next.hostId, next.task.id, outcome);
      }
      return names;
    },
    /** These hosts are lost. */
    lose(...ids: string[]): void {
      clock.nowMs += 10_000;
      for (const id of ids) up.delete(id);
      for (const id of up) join(id);
      for (const { id } of hosts.takeLost(clock.nowMs)) tasks.hostLost(id, false);
      tasks.placeWaiting();
    },
    state: (id: string) => objects.state(id)?.kind,
    errorOf(id: string): WrayError {
      const state = objects.state(id) as ReadyState;
      if (state.kind !== "failed") throw new Error(`${id} is ${state.kind}`);
      return state.error as WrayError;
    },
  };
  return client;
}

test("an object that is lost is made again by its task, and is pending until then", () => {
  const client = clientOf(["a"]);
  client.submit("x");
  assert.equal(client.run(), ["x"]);
  client.join("b");
  client.lose("a");
  assert.is(client.state("x"), "pending");
  assert.equal(client.run(), ["x"]);
  assert.is(client.state("x"), "remote");
  assert.is(client.tasks.madeAgainCount, 1);
});

test("cached object lost: what another host has a copy of is not made again", () => {
  const client = clientOf(["a", "b"]);
  client.submit("x", none, { where: { host: "a" } });
  client.run();
  client.submit("y", ["x"], { where: { host: "b" } });
  client.run(value);
  client.lose("a");
  assert.is(client.state("x"), "remote");
  client.submit("z", ["x"]);
  const { args } = client.sent[0]!;
  assert.equal(isRefArg(args[0]!) && args[0].at.map(({ id }) => id), ["b", "me"]);
  assert.equal(client.run(), ["z"]);
});

test("dependency cached: only what is lost is made again, of what is still there", () => {
  const client = clientOf(["a", "b"]);
  client.submit("x", none, { where: { host: "a" } });
  client.run();
  client.submit("y", ["x"], { where: { host: "b" } });
  client.run();
  client.lose("b");
  client.join("b");
  client.tasks.placeWaiting();
  assert.equal(client.run(), ["y"]);
});

test("chain of 20: all that was on the lost host is made again, in order, each once, without those let go of being held", () => {
  const client = clientOf(["a"]);
  const names = Array.from({ length: 20 }, (_, index) => `link-${index}`);
  for (const [index, name] of names.entries()) {
    client.submit(name, index === 0 ? [] : [names[index - 1]!]);
    client.run();
    if (index > 0) client.objects.drop(names[index - 1]!);
  }
  assert.equal(
    client.freed,
    names.slice(0, 19).map((name) => `${name} on a`),
  );
  client.freed.length = 0;
  client.join("b");
  client.lose("a");
  const again: string[] = [];
  for (let run = client.run(); run.length > 0; run = client.run()) again.push(...run);
  assert.equal(again, names);
  assert.is(client.state("link-19"), "remote");
  assert.equal(
    client.freed,
    names.slice(0, 19).map((name) => `${name} on b`),
  );
  client.objects.drop("link-19");
  assert.is(client.objects.size, 0);
  assert.is(client.objects.lineageBytes, 0);
});

test("several downstream: what many were made of is made again once", () => {
  const client = clientOf(["a"]);
  client.submit("x");
  client.run();
  for (const name of ["p", "q", "r"]) client.submit(name, ["x"]);
  client.run();
  client.objects.drop("x");
  client.join("b");
  client.lose("a");
  assert.equal(client.run(), ["x", "p", "q", "r"]);
});

test("second loss exceeding retries: the error says that they are used up", () => {
  const client = clientOf(["a", "b", "c"]);
  client.submit("x", none, { maxRetries: 1 });
  client.submit("y", ["x"], { maxRetries: 5 });
  const [first] = client.sent;
  client.run();
  client.lose(first!.hostId);
  const [second] = client.sent;
  assert.equal(client.run(), ["x", "y"]);
  client.lose(second!.hostId);
  assert.is(client.errorOf("x").code, "OBJECT_LOST");
  assert.equal(client.errorOf("x").data, { id: "x", reason: "retries" });
  assert.equal(client.errorOf("y").data, { id: "x", reason: "retries", chain: ["m/y"] });
});

test("what a task has taken twice is made again once", () => {
  const client = clientOf(["a"]);
  client.submit("x");
  client.run();
  client.submit("y", ["x", "x"]);
  client.objects.drop("x");
  client.run();
  client.join("b");
  client.lose("a");
  assert.equal(client.run(), ["x", "y"]);
});

test("an object of a task without retries is not made again", () => {
  const client = clientOf(["a"]);
  client.submit("x", none, { maxRetries: 0 });
  client.run();
  client.lose("a");
  assert.equal(client.errorOf("x").data, { id: "x", reason: "retries" });
});

test("non-deterministic output size: what is made again may be small enough to stay at its owner", () => {
  const client = clientOf(["a"]);
  client.submit("x");
  client.run();
  client.submit("y", ["x"]);
  client.run();
  client.join("b");
  client.lose("a");
  const [made] = client.sent.splice(0);
  client.tasks.ended(made!.hostId, "x", value);
  assert.is(client.state("x"), "local");
  assert.equal(client.sent[0]!.args, [Uint8Array.of(1)]);
  assert.equal(client.run({ kind: "stored", bytes: 99_999 }), ["y"]);
  assert.is(client.state("y"), "remote");
});

test("lineage evicted: the oldest is forgotten when there is too much, and the error says so", () => {
  const client = clientOf(["a"], { maxLineageBytes: 2_000 });
  const names = Array.from({ length: 10 }, (_, index) => `x${index}`);
  for (const name of names) client.submit(name);
  client.run();
  assert.ok(client.objects.lineageBytes <= 2_000);
  client.join("b");
  client.lose("a");
  assert.equal(client.errorOf("x0").data, { id: "x0", reason: "evicted" });
  assert.equal(client.run(), names.slice(-6));
});

test("what is forgotten of a chain is let go of, so that an endless one takes no more and more", () => {
  const client = clientOf(["a"], { maxLineageBytes: 3_000 });
  for (let index = 0; index < 1_000; index++) {
    client.submit(`x${index}`, index === 0 ? [] : [`x${index - 1}`]);
    client.run();
    if (index > 0) client.objects.drop(`x${index - 1}`);
  }
  assert.ok(client.objects.size <= 12, `${client.objects.size} entries are left`);
});

test("freed: what was put and let go of can't be made again, nor can what was made of it", () => {
  const client = clientOf(["a"]);
  client.objects.create("data", { kind: "local", value: new Uint8Array(100_000) });
  client.submit("x", ["data"]);
  client.run();
  client.objects.drop("data");
  assert.equal(client.freed, ["data on a"]);
  client.join("b");
  client.lose("a");
  const { message, data } = client.errorOf("x");
  assert.equal(data, { id: "data", reason: "freed", chain: ["m/x"] });
  assert.match(message, "the program has let go of it");
});

test("a large argument that belongs to the call is kept for it, as long as how to make its result is", () => {
  const client = clientOf(["a"]);
  client.objects.create("part", { kind: "local", value: new Uint8Array(100_000) });
  client.objects.belongsToCall("part");
  client.submit("x", ["part"]);
  client.objects.drop("part");
  client.run();
  client.join("b");
  client.lose("a");
  assert.equal(client.run(), ["x"]);
  client.objects.drop("x");
  assert.is(client.objects.size, 0);
});

test("put without replica: the only host that it was moved to is lost", () => {
  const client = clientOf(["a"]);
  client.objects.create("data", { kind: "remote", hosts: new Set(["a"]), bytes: 100_000 });
  client.lose("a");
  assert.equal(client.errorOf("data").data, { id: "data", reason: "put" });
});

test("a small value that others were made of is remembered with them, and not kept as an object", () => {
  const client = clientOf(["a"]);
  client.submit("small");
  client.run(value);
  client.submit("x", ["small"]);
  client.run();
  client.objects.drop("small");
  assert.is(client.objects.size, 1);
  client.join("b");
  client.lose("a");
  assert.equal(client.sent[0]!.args, [Uint8Array.of(1)]);
  assert.equal(client.run(), ["x"]);
});

test("a task that waits for a host waits for its argument when that is lost meanwhile", () => {
  const client = clientOf(["a", "b"]);
  client.submit("x", none, { where: { host: "a" } });
  client.run();
  client.submit("y", ["x"], { where: { host: "c" } });
  client.lose("a");
  client.join("c");
  client.tasks.placeWaiting();
  assert.equal(client.sent, []);
  client.join("a");
  client.tasks.placeWaiting();
  assert.equal(client.run(), ["x", "y"]);
});

test("a task whose host can't get its argument runs when that is made again", () => {
  const client = clientOf(["a", "b"]);
  client.submit("x", none, { where: { host: "a" } });
  client.run();
  client.submit("y", ["x"], { where: { host: "b" }, maxRetries: 0 });
  const at = [
    { kind: "host", id: "a" },
    { kind: "client", id: "me" },
  ];
  const error = toWireError(new ObjectLostError("gone", { data: { id: "x", at } }));
  client.sent.length = 0;
  client.tasks.ended("b", "y", { kind: "error", error });
  assert.equal(client.freed, ["x on a"]);
  assert.equal(client.run(), ["x", "y"]);
});

test("what its clock told a task it hears again when its result is made again", () => {
  const client = clientOf(["a"]);
  client.submit("x");
  client.run({ ...stored, clock: [1, 2] } as Outcome);
  client.join("b");
  client.lose("a");
  assert.equal(client.sent[0]!.task.template.options.clock, [1, 2]);
});

/** A stream whose items have been taken, and what it takes. */
function streamOf(client: ReturnType<typeof clientOf>, args: Submission["args"] = none) {
  const taken: string[] = [];
  client.tasks.submit("s", {
    template: { label: "m/s", module: "sha", kernel: "s", options: { stream: 4 }, maxRetries: 3 },
    args,
    items: {
      takenCount: () => taken.length,
      add(index, id, state) {
        if (index !== taken.length) return false;
        client.objects.create(id, state);
        taken.push(id);
        return true;
      },
      lose() {},
      end() {},
    },
  });
  const yields = (hostId: string, indexes: number[]) => {
    for (const index of indexes) client.tasks.yielded(hostId, "s", index, { kind: "stored", bytes: 10_000 });
  };
  return { taken, yields };
}

test("items that were taken are made again by one more run of their task, which waits for nobody, when it has ended", () => {
  const client = clientOf(["a"]);
  const { taken, yields } = streamOf(client);
  client.sent.length = 0;
  yields("a", [0, 1, 2]);
  client.tasks.ended("a", "s", value);
  client.objects.drop(taken[1]!);
  client.freed.length = 0;
  client.join("b");
  client.lose("a");
  const [again] = client.sent.splice(0);
  assert.is(again!.task.items!.takenCount(), Number.MAX_SAFE_INTEGER);
  yields("b", [0, 1, 2]);
  client.tasks.ended("b", "s", value);
  assert.equal(
    taken.map((id) => client.state(id)),
    ["remote", undefined, "remote"],
  );
  assert.equal(client.freed, [`${taken[1]} on b`]);
  for (const id of [taken[0]!, taken[2]!]) client.objects.drop(id);
  client.objects.drop("s");
  assert.is(client.objects.size, 0);
  assert.is(client.objects.lineageBytes, 0);
});

test("items that were taken come again from where their task runs anew when it has not ended", () => {
  const client = clientOf(["a", "b"]);
  const { taken, yields } = streamOf(client);
  const { hostId } = client.sent.splice(0)[0]!;
  yields(hostId, [0, 1]);
  client.lose(hostId);
  const [anew] = client.sent.splice(0);
  assert.is(client.sent.length, 0);
  yields(anew!.hostId, [0, 1, 2]);
  assert.equal(
    taken.map((id) => client.state(id)),
    ["remote", "remote", "remote"],
  );
});

test("a task that has yielded an item where it runs begins anew when that is lost elsewhere, as often as it may", () => {
  const client = clientOf(["a", "b"]);
  const { taken, yields } = streamOf(client);
  const first = client.sent.splice(0)[0]!.hostId;
  const other = first === "a" ? "b" : "a";
  yields(first, [0, 1]);
  client.objects.keptOn(taken[0]!, other, 10_000);
  client.objects.movedFrom(taken[0]!, first);
  const cancelled = {
    kind: "error",
    error: toWireError(new TaskCancelledError("m/s was cancelled")),
  } as const;
  client.lose(other);
  assert.equal(client.cancelled.splice(0), [`s on ${first}`]);
  assert.is(client.state(taken[0]!), "pending");
  for (let left = 3; left > 0; left--) {
    client.tasks.ended(first, "s", cancelled);
    assert.equal(
      client.sent.splice(0).map(({ hostId }) => hostId),
      [first],
    );
    // What it has not yielded yet where it is now comes by itself.
    assert.equal(client.cancelled, []);
    yields(first, [0]);
    assert.is(client.state(taken[0]!), "remote");
    client.tasks.missing(taken[0]!, [first]);
    if (left > 1) assert.equal(client.cancelled.splice(0), [`s on ${first}`]);
  }
  assert.equal(client.errorOf(taken[0]!).data, { id: taken[0], reason: "retries" });
  // It has not done anything wrong, and goes on.
  yields(first, [1, 2]);
  client.tasks.ended(first, "s", value);
  assert.is(taken.length, 3);
});

test("items whose task yields less the next time fail, and so do those whose task has been run as often as it may", () => {
  const client = clientOf(["a", "b", "c", "d", "e"]);
  const { taken, yields } = streamOf(client);
  let [run] = client.sent.splice(0);
  yields(run!.hostId, [0, 1]);
  client.tasks.ended(run!.hostId, "s", value);
  client.lose(run!.hostId);
  [run] = client.sent.splice(0);
  yields(run!.hostId, [0]);
  client.tasks.ended(run!.hostId, "s", value);
  assert.equal(client.errorOf(taken[1]!).code, "OBJECT_LOST");
  for (let time = 1; time < 3; time++) {
    client.lose(run!.hostId);
    [run] = client.sent.splice(0);
    yields(run!.hostId, [0]);
    client.tasks.ended(run!.hostId, "s", value);
  }
  assert.is(client.state(taken[0]!), "remote");
  client.lose(run!.hostId);
  assert.equal(client.errorOf(taken[0]!).data, { id: taken[0], reason: "retries" });
});

test("what a stream was made of is made again before its items are", () => {
  const client = clientOf(["a"]);
  client.submit("x");
  client.run();
  const { taken, yields } = streamOf(client, ["x"]);
  client.sent.length = 0;
  yields("a", [0]);
  client.tasks.ended("a", "s", value);
  client.objects.drop("x");
  client.join("b");
  client.lose("a");
  assert.equal(client.run(), ["x", "s"]);
  assert.is(client.errorOf(taken[0]!).code, "OBJECT_LOST");
});

test("mid-chain cancel: of a chain that is made again, what follows fails, and what is above is not harmed", () => {
  const client = clientOf(["a"]);
  client.submit("x");
  client.run();
  client.submit("y", ["x"]);
  client.run();
  client.submit("z", ["y"]);
  client.run();
  client.join("b");
  client.lose("a");
  client.tasks.cancel("y");
  assert.is(client.errorOf("y").code, "TASK_CANCELLED");
  assert.is(client.errorOf("z").code, "TASK_CANCELLED");
  assert.equal(client.run(), ["x"]);
  assert.is(client.state("x"), "remote");
});

test("restore() has what was let go of made again, when it is known only since others were made of it", () => {
  const client = clientOf(["a"]);
  client.submit("x");
  client.run();
  client.submit("y", ["x"]);
  client.run();
  client.objects.drop("x");
  assert.is(client.state("x"), "released");
  client.objects.hold("x");
  client.tasks.restore("x");
  assert.is(client.state("x"), "pending");
  assert.equal(client.run(), ["x"]);
  assert.is(client.state("x"), "remote");
  client.tasks.restore("x");
  assert.equal(client.run(), []);
});

test("an owner is asked for what was borrowed, and hears only of hosts that did not give that", () => {
  const client = clientOf(["a", "b"]);
  client.objects.create("x").origin = "borrowed";
  client.objects.settle("x", { kind: "remote", hosts: new Set(["a"]), bytes: 10_000 });
  client.submit("y", ["x"], { where: { host: "b" } });
  client.run();
  client.objects.drop("x");
  client.tasks.missing("y", ["b"]);
  assert.equal(client.asked, [["x", []]]);
  client.objects.settle("x", { kind: "remote", hosts: new Set(["a"]), bytes: 10_000 });
  client.tasks.missing("x", ["a"]);
  assert.equal(client.asked.slice(1), [["x", ["a"]]]);
});
