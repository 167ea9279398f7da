import { randomId } from "../../scheduler/protocol/ids.ts";
import { checkName, subjectsOf } from "../../scheduler/protocol/subjects.ts";
import { assert, suite, throwsCode } from "../support/index.ts";

const test = suite("protocol/subjects");

test("subjectsOf() names every subject of a cluster", () => {
  const subjects = subjectsOf("lab");
  assert.is(subjects.submit, "wray.v1.lab.submit");
  assert.is(subjects.load, "wray.v1.lab.load.*");
  assert.is(subjects.hello, "wray.v1.lab.hello");
  assert.is(subjects.hostTasks("h"), "wray.v1.lab.host.h.tasks");
  assert.is(subjects.clientResults("c"), "wray.v1.lab.client.c.results");
  assert.is(subjects.objects({ kind: "host", id: "h" }), "wray.v1.lab.host.h.objects");
  assert.is(subjects.objects({ kind: "client", id: "c" }), "wray.v1.lab.client.c.objects");
  assert.is(subjects.memory({ kind: "host", id: "h" }), "wray.v1.lab.host.h.memory");
});

test("subjectsOf() throws InvalidTaskError when the cluster's name would be more than one token", () => {
  for (const cluster of ["", "a.b", "*", ">", "a b", "a\r\n"]) {
    throwsCode(() => subjectsOf(cluster), "INVALID_TASK");
  }
});

test("checkName() gives back a name of 1 to 64 letters, digits, _ and -", () => {
  for (const name of ["a", "A-b_9", "x".repeat(64)]) assert.is(checkName("host", name), name);
});

test("checkName() says what is not a valid name", () => {
  for (const name of ["", "x".repeat(65), "é", "a/b", "a\n"]) {
    const error = throwsCode(() => checkName("host", name), "INVALID_TASK");
    assert.is(error.message, `host ${JSON.stringify(name)} is not a valid name`);
  }
});

test("randomId() makes valid names that differ", () => {
  const ids = Array.from({ length: 1_000 }, () => checkName("id", randomId()));
  assert.is(new Set(ids).size, ids.length);
  assert.is(randomId(6).length, 6);
});
