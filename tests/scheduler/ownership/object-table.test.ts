import { ObjectTable, type ReadyState } from "../../../scheduler/ownership/object-table.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("ownership/object-table");

/** A table, and what it let go of. */
function tableOf() {
  const freed: [string, string[]][] = [];
  const table = new ObjectTable((id, hosts) => freed.push([id, [...hosts].sort()]));
  return { table, freed };
}

const local = { kind: "local", value: Uint8Array.of(1) } as const;
const at = (...hosts: string[]): ReadyState => ({ kind: "remote", hosts: new Set(hosts), bytes: 10 });

test("drop() frees an object when it is ready and nobody uses it", () => {
  const { table, freed } = tableOf();
  table.create("x", local);
  table.drop("x");
  table.drop("x");
  assert.equal(freed, [["x", []]]);
  assert.is(table.size, 0);
  assert.is(table.state("x"), undefined);
});

test("drop() keeps an object when a task uses it", () => {
  const { table, freed } = tableOf();
  table.create("x", local);
  table.use("x");
  table.use("x");
  table.drop("x");
  table.unuse("x");
  assert.equal(freed, []);
  table.unuse("x");
  assert.equal(freed, [["x", []]]);
});

test("unuse() keeps an object when the program still holds its ref", () => {
  const { table, freed } = tableOf();
  table.create("x", local);
  table.use("x");
  table.unuse("x");
  assert.equal(freed, []);
  assert.is(table.state("x"), local);
});

test("settle() frees an object when it was dropped before, after its listeners are told", () => {
  const { table, freed } = tableOf();
  table.create("x");
  table.drop("x");
  assert.is(table.size, 1);
  table.whenReady("x", () => assert.equal(freed, []));
  table.settle("x", at("a"));
  assert.equal(freed, [["x", ["a"]]]);
});

test("settle() frees an object once when a listener ends its last use", () => {
  const { table, freed } = tableOf();
  table.create("x");
  table.use("x");
  table.drop("x");
  table.whenReady("x", () => table.unuse("x"));
  table.settle("x", at("a"));
  assert.equal(freed, [["x", ["a"]]]);
});

test("settle() changes nothing when the object is ready, or gone", () => {
  const { table } = tableOf();
  table.create("x");
  table.settle("x", local);
  table.settle("x", at("a"));
  table.settle("gone", local);
  assert.is(table.state("x"), local);
  assert.is(table.size, 1);
});

test("copiedTo() tells each host of an earlier copy, so that nobody is asked by more than two", () => {
  const { table } = tableOf();
  table.create("x", local);
  const hosts = Array.from({ length: 15 }, (_, index) => index);
  const asked = hosts.map((host) => table.copiedTo("x", String(host)));
  assert.equal(asked.slice(0, 6), [undefined, undefined, "0", "0", "1", "1"]);
  for (const [host, earlier] of asked.entries()) {
    if (earlier !== undefined) assert.ok(Number(earlier) < host);
  }
  for (const one of new Set(asked)) assert.ok(asked.filter((other) => other === one).length <= 2);
  // Another task on the same host asks the same copy.
  assert.equal(
    asked,
    hosts.map((host) => table.copiedTo("x", String(host))),
  );
});

test("copiedTo() tells of no host that is gone", () => {
  const { table } = tableOf();
  table.create("x", local);
  for (const host of ["a", "b", "c"]) table.copiedTo("x", host);
  assert.is(table.copiedTo("x", "c"), "a");
  table.forgetHost("a");
  assert.is(table.copiedTo("x", "c"), undefined);
  assert.is(table.copiedTo("x", "d"), "b");
  assert.is(table.copiedTo("gone", "d"), undefined);
});

test("onFree gets the hosts that hold the object and those that were told to fetch it", () => {
  const { table, freed } = tableOf();
  table.create("x", at("a"));
  table.copiedTo("x", "b");
  table.copiedTo("x", "b");
  table.copiedTo("gone", "b");
  table.drop("x");
  assert.equal(freed, [["x", ["a", "b"]]]);
});

test("whenReady() calls back once, at once when the object is ready", () => {
  const { table } = tableOf();
  const calls: string[] = [];
  table.create("x");
  table.whenReady("x", ({ kind }) => calls.push(`early ${kind}`));
  assert.equal(calls, []);
  table.settle("x", local);
  table.whenReady("x", ({ kind }) => calls.push(`late ${kind}`));
  table.settle("x", at("a"));
  assert.equal(calls, ["early local", "late local"]);
});

test("whenReady() does not call back when the waiting was stopped", () => {
  const { table } = tableOf();
  table.create("x");
  const stop = table.whenReady("x", () => assert.unreachable());
  let isTold = false;
  table.whenReady("x", () => {
    isTold = true;
  });
  stop();
  table.settle("x", local);
  assert.ok(isTold);
});

test("forgetHost() tells which objects no other host holds: these are pending", () => {
  const { table } = tableOf();
  table.create("only", at("a"));
  table.create("both", at("a", "b"));
  table.create("mine", local);
  table.create("pending");
  const lost = table.forgetHost("a");
  assert.equal(
    lost.map(({ id }) => id),
    ["only"],
  );
  assert.is(table.state("only")?.kind, "pending");
  assert.equal(table.state("both"), at("b"));
  assert.is(table.state("mine"), local);
  assert.is(table.state("pending")?.kind, "pending");
});

test("forgetHost() makes onFree leave out the host that is gone", () => {
  const { table, freed } = tableOf();
  table.create("x", at("a", "b"));
  table.copiedTo("x", "c");
  table.forgetHost("b");
  table.forgetHost("c");
  table.drop("x");
  assert.equal(freed, [["x", ["a"]]]);
});

test("on() names the objects that a host holds, with all that do", () => {
  const { table } = tableOf();
  table.create("only", at("a"));
  table.create("both", at("a", "b"));
  table.create("other", at("b"));
  table.create("mine", local);
  table.create("pending");
  assert.equal(table.on("a"), [
    { id: "only", hosts: new Set(["a"]) },
    { id: "both", hosts: new Set(["a", "b"]) },
  ]);
});

test("bringHome() keeps the object here and lets the hosts that held it forget it", () => {
  const { table, freed } = tableOf();
  table.create("x", at("a"));
  table.copiedTo("x", "b");
  table.bringHome("x", local.value);
  assert.equal(table.state("x"), local);
  assert.equal(freed, [["x", ["a"]]]);
  table.forgetHost("a");
  assert.is(table.state("x")?.kind, "local");
  table.drop("x");
  assert.equal(freed[1], ["x", ["b"]]);
});

test("bringHome() changes nothing when the object is gone, or not on a host", () => {
  const { table, freed } = tableOf();
  table.create("mine", local);
  table.create("pending");
  for (const id of ["mine", "pending", "gone"]) table.bringHome(id, Uint8Array.of(2));
  assert.is(table.state("mine"), local);
  assert.is(table.state("pending")?.kind, "pending");
  assert.equal(freed, []);
});

test("disown() lets a host forget the object, unless that is where it is", () => {
  const { table, freed } = tableOf();
  table.create("x", at("a"));
  table.disown("x", "a");
  assert.equal(freed, []);
  table.disown("x", "b");
  table.disown("gone", "b");
  assert.equal(freed, [
    ["x", ["b"]],
    ["gone", ["b"]],
  ]);
  assert.equal(table.state("x"), at("a"));
});

/** A table with a pending object, and what its keeper was told. */
function kept() {
  const { table, freed } = tableOf();
  const told: unknown[] = [];
  table.create("x", undefined, undefined, {
    take: (state, recording) => told.push([state, recording]),
    leave: () => told.push("leave"),
  });
  return { table, freed, told };
}

test("settle() gives a keeper what no host has, and knows no more of it", () => {
  for (const state of [local, { kind: "failed", error: new Error("lost") } as const]) {
    const { table, freed, told } = kept();
    const heard: ReadyState[] = [];
    table.whenReady("x", (state) => heard.push(state));
    table.record("x", { clock: [1] });
    table.settle("x", state);
    assert.equal(told, [[state, { clock: [1] }]]);
    assert.equal(heard, [state]);
    assert.is(table.size, 0);
    assert.equal(freed, []);
  }
});

test("settle() keeps an object from its keeper when a host or a task has it", () => {
  const { table, freed, told } = kept();
  table.settle("x", at("a"));
  assert.equal(told, ["leave"]);
  assert.is(table.state("x")?.kind, "remote");
  table.drop("x");
  assert.equal(freed, [["x", ["a"]]]);

  const used = kept();
  used.table.use("x");
  used.table.settle("x", local);
  assert.equal(used.told, ["leave"]);
  used.table.unuse("x");
  assert.is(used.table.size, 1);
});

test("settle() frees an object whose keeper's ref was dropped before", () => {
  const { table, freed, told } = kept();
  table.drop("x");
  table.settle("x", local);
  assert.equal(told, ["leave"]);
  assert.equal(freed, [["x", []]]);
});

test("onFree is told when nothing is known of an object any more, also of one whose value had gone before", () => {
  const { table, freed } = tableOf();
  table.create("x", at("a"));
  table.decide(table.create("y"), at("b"), undefined, { refs: ["x"], bytes: 100 });
  table.drop("x");
  assert.equal(freed, [["x", ["a"]]]);
  table.drop("y");
  assert.equal(freed, [
    ["x", ["a"]],
    ["y", ["b"]],
    ["x", []],
  ]);
  assert.is(table.size, 0);
});

test("fail() tells the hosts that hold an object to forget it", () => {
  const { table, freed } = tableOf();
  table.create("x", at("a", "b"));
  table.fail("x", new Error("its owner died"));
  assert.is(table.state("x")?.kind, "failed");
  assert.equal(freed, [["x", ["a", "b"]]]);
});

test("missing() leaves a host that may fetch the object yet among those that are told when it is freed, as the last to ask", () => {
  const { table, freed } = tableOf();
  table.create("x", at("o"));
  for (const host of ["a", "b"]) table.copiedTo("x", host);
  table.missing("x", ["a", "c"]);
  assert.equal(freed, [["x", ["a", "c"]]]);
  table.copiedTo("x", "d");
  assert.is(table.copiedTo("x", "e"), "b");
  table.drop("x");
  assert.equal(freed.slice(1), [["x", ["a", "b", "d", "e", "o"]]]);
});
