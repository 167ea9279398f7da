import { deadMs, HostTable, suspectMs } from "../../../scheduler/placement/host-table.ts";
import type { Heartbeat } from "../../../scheduler/protocol/messages.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("placement/host-table");

const beat = (host: string, more: Partial<Heartbeat> = {}): Heartbeat => ({
  ...{ v: 1, host, epoch: 1, cpus: 2, queued: 0, running: 0, state: "up", rssBytes: 5 },
  ...more,
});
const ids = (table: HostTable, nowMs: number) => table.candidates(nowMs).map(({ id }) => id);
const loadOf = (table: HostTable, id = "a", nowMs = 0) =>
  table.candidates(nowMs).find((host) => host.id === id)?.load;

test("heard() says whether the host is new", () => {
  const table = new HostTable();
  assert.is(table.heard(beat("a"), 0), true);
  assert.is(table.heard(beat("a"), 100), false);
  assert.is(table.has("a"), true);
  assert.is(table.has("b"), false);
});

test("candidates() leaves out a host when it has been silent for longer than suspectMs", () => {
  const table = new HostTable();
  table.heard(beat("a"), 0);
  table.heard(beat("b"), 1);
  assert.equal(ids(table, suspectMs), ["a", "b"]);
  assert.equal(ids(table, suspectMs + 1), ["b"]);
  table.heard(beat("a"), suspectMs + 2);
  assert.equal(ids(table, suspectMs + 2), ["a"]);
});

test("candidates() leaves out a host when it drains", () => {
  const table = new HostTable();
  table.heard(beat("a", { state: "draining" }), 0);
  assert.equal(ids(table, 0), []);
  assert.equal(table.takeLost(0), []);
});

test("takeLost() takes a host once when it has been silent for longer than deadMs", () => {
  const table = new HostTable();
  table.heard(beat("a"), 0);
  assert.equal(table.takeLost(deadMs), []);
  assert.equal(table.takeLost(deadMs + 1), [{ id: "a", hasLeft: false }]);
  assert.equal(table.takeLost(deadMs + 1), []);
  assert.equal(table.view(), []);
  assert.is(table.heard(beat("a"), deadMs + 2), true);
});

test("takeLost() takes a host at once when it has left", () => {
  const table = new HostTable();
  table.heard(beat("a"), 0);
  table.heard(beat("a", { state: "left" }), 0);
  assert.equal(table.takeLost(0), [{ id: "a", hasLeft: true }]);
});

test("forgive() gives every host its time anew", () => {
  const table = new HostTable();
  table.heard(beat("a"), 0);
  table.forgive(deadMs * 3);
  assert.equal(table.takeLost(deadMs * 4), []);
  assert.equal(ids(table, deadMs * 3 + suspectMs), ["a"]);
});

test("candidates() counts what the host reports and what was sent there since", () => {
  const table = new HostTable();
  table.heard(beat("a", { queued: 3, running: 2 }), 0);
  assert.is(loadOf(table), 5);
  table.sent("a");
  table.sent("a");
  assert.is(loadOf(table), 7);
  table.ended("a", true);
  assert.is(loadOf(table), 6);
});

test("heard() replaces the increments, which the host now counts itself", () => {
  const table = new HostTable();
  table.heard(beat("a"), 0);
  table.sent("a");
  table.heard(beat("a", { running: 1 }), 0);
  assert.is(loadOf(table), 1);
  table.ended("a", true);
  assert.is(loadOf(table), 0);
});

test("candidates() counts our own tasks at least when a heartbeat is older than they are", () => {
  const table = new HostTable();
  table.heard(beat("a"), 0);
  for (let task = 0; task < 4; task++) table.sent("a");
  table.heard(beat("a", { running: 1 }), 0);
  assert.is(loadOf(table), 4);
});

test("view() counts the tasks that are there and those that ended with a result", () => {
  const table = new HostTable();
  table.heard(beat("a"), 0);
  for (let task = 0; task < 3; task++) table.sent("a");
  table.ended("a", true);
  table.ended("a", false);
  assert.equal(table.view(), [{ id: "a", cpus: 2, state: "up", rssBytes: 5, tasksPending: 1, tasksRun: 1 }]);
});

test("sent() and ended() change nothing when the host is not known", () => {
  const table = new HostTable();
  table.sent("a");
  table.ended("a", true);
  table.heard(beat("a"), 0);
  assert.equal(table.view(), [{ id: "a", cpus: 2, state: "up", rssBytes: 5, tasksPending: 0, tasksRun: 0 }]);
});

test("open() leaves out a host when it has as many of our tasks as its window, until one has ended", () => {
  const table = new HostTable();
  table.heard(beat("a", { cpus: 1 }), 0);
  table.heard(beat("b", { cpus: 1 }), 0);
  const open = () => table.open(0).map(({ id }) => id);
  for (let count = 0; count < 63; count++) table.sent("a");
  assert.equal(open(), ["a", "b"]);
  table.sent("a");
  assert.equal(open(), ["b"]);
  assert.equal(ids(table, 0), ["a", "b"]);
  table.ended("a", true);
  assert.equal(open(), ["a", "b"]);
});

test("heard() widens the window of a host that ends many tasks", () => {
  const table = new HostTable();
  table.heard(beat("a", { cpus: 1 }), 0);
  for (let count = 0; count < 1_000; count++) {
    table.sent("a");
    table.ended("a", true);
  }
  table.heard(beat("a", { cpus: 1 }), 100);
  for (let count = 0; count < 249; count++) table.sent("a");
  assert.is(table.open(100).length, 1);
  table.sent("a");
  assert.is(table.open(100).length, 0);
});
