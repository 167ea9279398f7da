import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, suite } from "../support/index.ts";
import { createFixtureTree, result } from "./fixture-tree.ts";
import { createObserver } from "./observer.ts";

const test = suite("run");
let tree: Awaited<ReturnType<typeof createFixtureTree>>;
test.before(async (t) => {
  tree = await createFixtureTree();
  t.after(tree.remove);
});

/** Time for a busy machine to reach the test that loops for ever. */
const deadlineMs = 4_000;

/** What must be said of each fixture that makes a run fail: the closing line and the texts that explain it. */
const failures: Record<string, { closing: string; says: (string | RegExp)[]; options?: string[] }> = {
  "failing-test": {
    closing: "1 passed, 2 failed",
    says: ["failed: failing-test › fails", "-- left", /fixtures\/failing-test\.ts:5/, "threw undefined"],
  },
  "throwing-before": {
    closing: "0 passed, 2 failed",
    says: [
      "failed: throwing-before › first",
      "failed: throwing-before › second",
      "no server here",
      "NO_SERVER",
    ],
  },
  "throwing-after": {
    closing: "1 passed, 1 failed",
    says: ["failed: throwing-after › second", "cannot stop the server"],
  },
  "throwing-cleanup": {
    closing: "1 passed, 1 failed",
    says: ["the test itself", "cannot clean up", /cleaned last\s+cleaned first/],
  },
  "hang-with-handle": {
    closing: "1 passed, 1 failed",
    says: ["hangs: hang-with-handle › never ends has not ended after 50 ms", "TCPServerWrap"],
  },
  "hang-without-handle": {
    closing: "1 passed, 1 failed",
    says: ["hangs: hang-without-handle › never ends has not ended after 50 ms"],
  },
  "hang-in-before": {
    closing: "0 passed, 1 failed",
    says: ["hangs: hang-in-before › before has not ended after 50 ms"],
  },
  "hang-in-loop": {
    options: ["--deadline-ms", `${deadlineMs}`],
    closing: "1 passed, 2 failed",
    says: [
      `killed at its deadline of ${deadlineMs} ms while this test was running: hang-in-loop › loops for ever`,
      "not run: hang-in-loop › never gets its turn",
    ],
  },
  "hang-while-loading": {
    closing: "0 passed, 1 failed",
    says: ["exited with code 13 outside of any test", "not run: hang-while-loading › never gets its turn"],
  },
  "open-handle": {
    closing: "1 passed, 1 failed",
    says: [/still open: .*TCPServerWrap/, "exited with code 1"],
  },
  crash: {
    closing: "0 passed, 2 failed",
    says: ["nobody waits for this", "while this test was running: crash › rejects behind its back"],
  },
  "throwing-import": {
    closing: "0 passed, 1 failed",
    says: ["cannot be loaded", "not run: throwing-import"],
  },
  "exit-zero": {
    closing: "1 passed, 2 failed",
    says: ["while this test was running: exit-zero › leaves", "not run: exit-zero › never gets its turn"],
  },
  "late-test": { closing: "1 passed, 1 failed", says: ["not run: late-test › comes too late"] },
  "no-tests": { closing: "0 passed, 1 failed", says: ["no tests"] },
  nothing: { closing: "0 passed, 1 failed", says: ["no tests"] },
  "only-skip": { closing: "0 passed, 1 failed, 1 skipped", says: ["no test has run"] },
  "raw-uvu.test": { closing: "0 passed, 1 failed", says: ["no tests"] },
  "raw-uvu-beside": { closing: "0 passed, 1 failed", says: ["use suite() of tests/support"] },
  lost: { closing: "0 passed, 1 failed", says: [/lost: the build has no .*lost\.test\.mjs/] },
  stale: { closing: "0 passed, 1 failed", says: ["no test file matches stale"] },
  "left-file": { closing: "1 passed, 1 failed", says: ["left a file behind: forgotten.txt"] },
};

for (const [fixture, { closing, says, options = [] }] of Object.entries(failures)) {
  test(`run() fails when the fixture is ${fixture}`, async () => {
    const answer = await tree.run([fixture, ...options]);
    assert.is(answer.closing, `${closing}\n`, answer.output);
    assert.is(answer.exitCode, 1);
    for (const text of says) assert.match(answer.output, text);
  });
}

for (const fixture of ["left-process", "left-detached-process"]) {
  test(`run() fails and kills what is left when the fixture is ${fixture}`, async (t) => {
    const observer = await createObserver();
    t.after(observer.close);
    const running = tree.run([fixture], observer.env);
    const straggler = await observer.appearance();
    const { exitCode, output, closing } = await running;
    await straggler.ended;
    assert.match(output, /left a process behind: .*node -e/);
    assert.is(closing, "1 passed, 1 failed\n", output);
    assert.is(exitCode, 1);
  });
}

for (const [signal, exitCode] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  test(`run() kills its processes and removes its folders when it gets ${signal}`, async (t) => {
    const observer = await createObserver();
    t.after(observer.close);
    const temp = mkdtempSync(join(tmpdir(), "interrupted-"));
    t.after(() => rmSync(temp, { recursive: true }));
    const child = tree.start(["observed-hang"], { ...observer.env, TMPDIR: temp });
    const ending = result(child);
    const straggler = await observer.appearance();
    child.kill(signal);
    const answer = await ending;
    await straggler.ended;
    assert.is(answer.exitCode, exitCode, answer.output);
    assert.match(answer.output, `interrupted by ${signal}`);
    assert.is(answer.closing, "0 passed, 1 failed\n");
    assert.equal(readdirSync(temp), []);
  });
}

test("run() passes and counts when every test passes", async () => {
  const { exitCode, output, closing } = await tree.run(["good"]);
  assert.is(closing, "3 passed, 0 failed\n", output);
  assert.is(exitCode, 0);
  assert.match(output, /── tests\/good\.test\.ts: 3 passed, 0 failed \(\d+\.\d\d s\)/);
});

test("run() prints the reason and the count when a test is skipped", async () => {
  const { exitCode, output, closing } = await tree.run(["tests/skip"]);
  assert.is(closing, "1 passed, 0 failed, 1 skipped\n", output);
  assert.is(exitCode, 0);
  assert.match(output, "skipped: skip › needs a GPU: this machine has no GPU");
});

test("run() adds up the files when several match", async () => {
  const { exitCode, output, closing } = await tree.run(["good", "skip", "failing-test"]);
  assert.is(closing, "5 passed, 2 failed, 2 skipped\n", output);
  assert.is(exitCode, 1);
});

test("run() fails when one of the filters matches no file", async () => {
  const { exitCode, output, closing } = await tree.run(["good", "misspelt"]);
  assert.match(output, "no test file matches misspelt");
  assert.is(closing, "3 passed, 1 failed\n");
  assert.is(exitCode, 1);
});

test("run() fails when there is no test file", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "empty-"));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "tests"));
  const { exitCode, output, closing } = await tree.run(["--root", root]);
  assert.match(output, "no test has run");
  assert.is(closing, "0 passed, 1 failed\n");
  assert.is(exitCode, 1);
});
