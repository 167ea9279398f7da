import { setImmediate as turn } from "node:timers/promises";
import { assert, suite } from "../support/index.ts";

const events: string[] = [];

const first = suite("suite");
first.before(async (t) => {
  t.after(() => events.push("cleanup of before"));
  await turn();
  events.push("before");
});
first.after(() => events.push("after"));

first("t.after() runs the cleanups in reverse order when the test has ended", async (t) => {
  assert.equal(events.splice(0), ["before"]);
  t.after(() => events.push("first"));
  t.after(async () => {
    await turn();
    events.push("second");
  });
  t.after(() => t.after(() => events.push("added by a cleanup")));
  await turn();
  events.push("end of the test");
});

first("before() runs once when there are two tests", () => {
  assert.equal(events.splice(0), ["end of the test", "added by a cleanup", "second", "first"]);
});

const next = suite("suite, the next one");

next("after() runs when the last test of the suite has ended", () => {
  assert.equal(events, ["cleanup of before", "after"]);
});
