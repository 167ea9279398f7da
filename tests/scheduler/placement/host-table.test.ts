import {
  deadBeats,
  HostTable,
  isOpen,
  shortestBeatMs,
  suspectBeats,
  tasksOn,
} from "../../../scheduler/placement/host-table.ts";
import type { Heartbeat } from "../../../scheduler/protocol/messages.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("placement/host-table");

const beat = (host: string, more: Partial<Heartbeat> = {}): Heartbeat => ({
  ...{ v: 1, host, epoch: 1, cpus: 2, queued: 0, running: 0, state: "up", rssBytes: 5 },
  ...more,
});
const suspectMs = suspectBeats * shortestBeatMs;
const deadMs = deadBeats * shortestBeatMs;
const plain = { need: { cpu: 1 } };
const able = (table: HostTable, demand = plain, shape = "") =>
  table.able(shape, demand).list.map(({ id }) => id);
const ids = (table: HostTable, nowMs: number) =>
  table
    .able("", plain)
    .list.filter((host) => isOpen(host, nowMs))
    .map(({ id }) => id);
const loadOf = (table: HostTable) => tasksOn(table.get("a")!);

test("heard() says whether the host is new", () => {
  const table = new HostTable();
  assert.is(table.heard(beat("a"), 0), true);
  assert.is(table.heard(beat("a"), 100), false);
  assert.is(table.has("a"), true);
  assert.is(table.has("b"), false);
});

test("isOpen() is false for a host when it has been silent for longer than suspectMs", () => {
  const table = new HostTable();
  table.heard(beat("a"), 0);
  table.heard(beat("b"), 1);
  assert.equal(ids(table, suspectMs), ["a", "b"]);
  assert.equal(ids(table, suspectMs + 1), ["b"]);
  table.heard(beat("a"), suspectMs + 2);
  assert.equal(ids(table, suspectMs + 2), ["a"]);
});

test("able() leaves out a host when it drains", () => {
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

test("tasksOn() counts what the host reports and what was sent there since", () => {
  const table = new HostTable();
  table.heard(beat("a", { queued: 3, running: 2 }), 0);
  assert.is(loadOf(table), 5);
  table.sent("a", "m");
  table.sent("a", "m");
  assert.is(loadOf(table), 7);
  table.ended("a", true);
  assert.is(loadOf(table), 6);
});

test("heard() replaces the increments, which the host now counts itself", () => {
  const table = new HostTable();
  table.heard(beat("a"), 0);
  table.sent("a", "m");
  table.heard(beat("a", { running: 1 }), 0);
  assert.is(loadOf(table), 1);
  table.ended("a", true);
  assert.is(loadOf(table), 0);
});

test("tasksOn() counts our own tasks at least when a heartbeat is older than they are", () => {
  const table = new HostTable();
  table.heard(beat("a"), 0);
  for (let task = 0; task < 4; task++) table.sent("a", "m");
  table.heard(beat("a", { running: 1 }), 0);
  assert.is(loadOf(table), 4);
});

test("view() counts the tasks that are there and those that ended with a result", () => {
  const table = new HostTable();
  table.heard(beat("a"), 0);
  for (let task = 0; task < 3; task++) table.sent("a", "m");
  table.ended("a", true);
  table.ended("a", false);
  assert.equal(table.view(), [
    {
      id: "a",
      cpus: 2,
      resources: { cpu: 2 },
      labels: {},
      state: "up",
      rssBytes: 5,
      tasksPending: 1,
      tasksRun: 1,
    },
  ]);
});

test("sent() and ended() change nothing when the host is not known", () => {
  const table = new HostTable();
  table.sent("a", "m");
  table.ended("a", true);
  table.heard(beat("a"), 0);
  assert.equal(table.view(), [
    {
      id: "a",
      cpus: 2,
      resources: { cpu: 2 },
      labels: {},
      state: "up",
      rssBytes: 5,
      tasksPending: 0,
      tasksRun: 0,
    },
  ]);
});

test("a host that is heard of more rarely gets more time", () => {
  const table = new HostTable();
  table.heard(beat("a", { beatMs: 1_000 }), 0);
  assert.equal(ids(table, 3_000), ["a"]);
  assert.equal(ids(table, 3_001), []);
  assert.equal(table.takeLost(7_000), []);
  assert.equal(table.takeLost(7_001), [{ id: "a", hasLeft: false }]);
});

test("a host that has tasks of ours is asked when it is silent, and lost when it does not answer, however rare its beats are", () => {
  const table = new HostTable();
  for (const id of ["a", "b", "idle"]) table.heard(beat(id, { beatMs: 1_000 }), 0);
  for (const id of ["a", "b"]) table.sent(id, "m");
  assert.equal(table.toBeAsked(300), []);
  assert.equal(table.toBeAsked(301), ["a", "b"]);
  assert.equal(table.toBeAsked(400), []);
  table.touched("b", 350);
  assert.equal(table.takeLost(700), []);
  assert.equal(table.takeLost(701), [{ id: "a", hasLeft: false }]);
  assert.equal(table.toBeAsked(701), ["b"]);
  assert.equal(table.takeLost(1_101), [{ id: "b", hasLeft: false }]);
});

test("able() gives the hosts that have what a task needs", () => {
  const table = new HostTable();
  table.heard(beat("a"), 0);
  table.heard(beat("b", { resources: { cpu: 2, gpu: 1 }, labels: { zone: "x" } }), 0);
  assert.equal(able(table), ["a", "b"]);
  assert.equal(able(table, { need: { cpu: 2.5 } }, "2.5"), []);
  assert.equal(table.able("gpu", { need: { gpu: 0.5 } }).list.length, 1);
  assert.equal(able(table, { ...plain, ...{ labels: { zone: "x" } } }, "x"), ["b"]);
  assert.equal(able(table, { ...plain, ...{ labels: { zone: "!x" } } }, "!x"), ["a"]);
  assert.equal(able(table, { ...plain, ...{ host: "a" } }, "host"), ["a"]);
  table.heard(beat("c"), 0);
  assert.equal(able(table), ["a", "b", "c"]);
});

test("lacks() tells what each host lacks, and begins with the nearest", () => {
  const table = new HostTable();
  table.heard(beat("a"), 0);
  table.heard(beat("b", { resources: { cpu: 2, gpu: 1 } }), 0);
  assert.equal(table.lacks({ need: { cpu: 4, gpu: 1 } }), [
    { id: "b", lacks: ["cpu: 4 needed, 2 there"] },
    { id: "a", lacks: ["cpu: 4 needed, 2 there", "gpu: 1 needed, 0 there"] },
  ]);
});
