import type { TestEvent } from "../support/events.ts";
import { assert, suite } from "../support/index.ts";
import { closingLine, type FileRun, judge } from "../support/verdict.ts";

const test = suite("verdict");

const good: TestEvent[] = [
  { type: "declared", name: "a" },
  { type: "declared", name: "b" },
  { type: "started", id: 0 },
  { type: "ended", id: 0, outcome: "passed" },
  { type: "started", id: 1 },
  { type: "ended", id: 1, outcome: "passed" },
  { type: "finished" },
];
const judged = (events: TestEvent[], rest: Partial<FileRun> = {}) =>
  judge({ events, exitCode: 0, signal: null, leftProcesses: [], leftFiles: [], ...rest });

test("judge() passes a file when every declared test has passed", () => {
  assert.equal(judged(good), { passed: 2, failed: 0, skipped: 0, problems: [] });
});

test("judge() counts a skipped test when one was declared so", () => {
  const events = good.map((event) =>
    event.type === "ended" && event.id === 1 ? { ...event, outcome: "skipped" as const } : event,
  );
  assert.equal(judged(events), { passed: 1, failed: 0, skipped: 1, problems: [] });
});

test("judge() counts a failed test once when the exit code says it too", () => {
  const events = good.map((event) =>
    event.type === "ended" && event.id === 1 ? { ...event, outcome: "failed" as const } : event,
  );
  assert.equal(judged(events, { exitCode: 1 }), {
    passed: 1,
    failed: 1,
    skipped: 0,
    problems: ["failed: b"],
  });
  assert.equal(judged(events).problems, ["failed: b", "exited with code 0 after its tests"]);
});

test("judge() fails the tests that have not ended when the process dies at any event", () => {
  for (let length = 2; length < good.length; length++) {
    const events = good.slice(0, length);
    const { passed, failed } = judged(events, { exitCode: null, signal: "SIGSEGV" });
    assert.is(passed, events.filter(({ type }) => type === "ended").length);
    assert.is(failed, Math.max(1, 2 - passed));
  }
});

test("judge() names the test that was running when the process is killed", () => {
  const { problems } = judged(good.slice(0, 5), { exitCode: null, signal: "SIGKILL", exceededMs: 10 });
  assert.equal(problems, ["killed at its deadline of 10 ms while this test was running: b"]);
});

for (const [when, rest] of Object.entries({
  "the exit code is not 0": { exitCode: 7 },
  "a signal ended it": { exitCode: null, signal: "SIGABRT" },
  "a process is left": { leftProcesses: ["sleep 9"] },
  "a file is left": { leftFiles: ["a.txt"] },
})) {
  test(`judge() fails a file of passed tests when ${when}`, () => {
    const { passed, failed, problems } = judged(good, rest);
    assert.equal([passed, failed, problems.length], [2, 1, 1]);
  });
}

test("judge() fails a file when it declares nothing", () => {
  assert.is(judged([]).failed, 1);
  assert.is(judged([{ type: "finished" }]).failed, 1);
});

test("closingLine() leaves the skipped out when there are none", () => {
  assert.is(closingLine({ passed: 3, failed: 1, skipped: 0 }), "3 passed, 1 failed");
  assert.is(closingLine({ passed: 3, failed: 0, skipped: 2 }), "3 passed, 0 failed, 2 skipped");
});
