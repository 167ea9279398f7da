import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { gpuSuite } from "../gpu/gpu-suite.ts";
import { assert, suite, type TestBody, type TestContext } from "../support/index.ts";
import { startProcessGroup } from "../support/process-group.ts";

const suiteOfDemo = suite("demo");

/** It starts five processes, compiles and trains, perhaps beside other tests. */
const test = (title: string, body: TestBody) => suiteOfDemo(title, body, { timeoutMs: 60_000 });

test("demo passes 90 % with tasks on each of three hosts when it runs to its end", async (t) => {
  const demo = await startDemo(t, { iterations: 50 });
  assert.is(await demo.ended, 0, demo.text());
  assert.match(demo.text(), /first task after \d+ ms/);
  assert.ok(demo.number(/held-out accuracy +([\d.]+) %/) > 90, demo.text());
  assert.match(demo.text(), `${Math.LN10.toFixed(3)} → `);
  assert.ok(demo.number(/loss +[\d.]+ → ([\d.]+)/) < 0.35, demo.text());
  assert.ok(demo.number(/iteration +([\d.]+) ms \(median of 50\)/) > 0, demo.text());
  assert.is(demo.tasksRun().length, 3, demo.text());
  assert.ok(
    demo.tasksRun().every((count) => count > 0),
    demo.text(),
  );
  assert.equal(await demo.leftovers(), []);
});

test("demo fails when the accuracy stays below 90 %", async (t) => {
  const demo = await startDemo(t, { iterations: 2 });
  assert.is(await demo.ended, 1, demo.text());
  assert.match(demo.text(), "the accuracy is below 90 %");
  assert.equal(await demo.leftovers(), []);
});

test("demo --parameter-server passes 90 % in rounds, and with no barrier, on three hosts", async (t) => {
  const demo = await startDemo(t, { iterations: 6, parameterServer: true });
  assert.is(await demo.ended, 0, demo.text());
  assert.match(demo.text(), "9000 images in 90 shards, 1000 held out");
  for (const [way, steps] of [
    ["in rounds", 180],
    ["with no barrier", 540],
  ] as const) {
    assert.match(demo.text(), `training  540 of 540 gradients  ${way}`);
    const result = new RegExp(`${way} +${steps} steps in [\\d.]+ s\nheld-out accuracy +([\\d.]+) %`);
    assert.ok(demo.number(result) > 90, demo.text());
  }
  assert.ok(
    demo.tasksRun().every((count) => count > 0),
    demo.text(),
  );
  assert.equal(await demo.leftovers(), []);
});

test("demo --parameter-server fails when the accuracy stays below 90 %", async (t) => {
  const demo = await startDemo(t, { iterations: 1, parameterServer: true });
  assert.is(await demo.ended, 1, demo.text());
  assert.match(demo.text(), "the accuracy is below 90 %");
});

for (const [name, exitCode, line] of [
  ["SIGINT", 130, "server"],
  ["SIGINT", 130, "hosts"],
  ["SIGINT", 130, "training"],
  ["SIGTERM", 143, "training"],
] as const) {
  test(`demo leaves nothing behind when ${name} comes after its line "${line}"`, async (t) => {
    const demo = await startDemo(t, { iterations: 10_000 });
    await demo.printed(line);
    demo.signal(name);
    assert.is(await demo.ended, exitCode, demo.text());
    assert.equal(await demo.leftovers(), []);
  });
}

test("demo leaves no process behind when it is killed while it trains", async (t) => {
  const demo = await startDemo(t, { iterations: 10_000 });
  await demo.printed("training");
  demo.signal("SIGKILL");
  await demo.ended;
  while (demo.processes().length > 0) await delay(5);
});

gpuSuite("demo on a GPU")(
  "demo trains a network on the GPU of a host, and reads the same digits there and in WebAssembly",
  async (t) => {
    const demo = await startDemo(t, { iterations: 50, gpu: true });
    assert.is(await demo.ended, 0, demo.text());
    assert.match(demo.text(), /^GPU +\S/m);
    assert.match(demo.text(), /^in WebAssembly +1000 of 1000 are read the same$/m);
    assert.ok(demo.number(/GPU[\s\S]*held-out accuracy +([\d.]+) %/) > 90, demo.text());
    assert.equal(await demo.leftovers(), []);
  },
  { timeoutMs: 150_000 },
);

type DemoOptions = { iterations: number; parameterServer?: boolean; gpu?: boolean };

/** Starts the demo in a process group and a temp folder of its own. */
async function startDemo(t: TestContext, { iterations, parameterServer = false, gpu = false }: DemoOptions) {
  const args = ["--iterations", `${iterations}`];
  if (parameterServer) args.push("--parameter-server");
  if (!gpu) args.push("--no-gpu");
  const demo = await startProcessGroup(t, () => ["build/scripts/demo.mjs", ...args]);
  const lines: string[] = [];
  let awaited: { start: string; found: () => void } | undefined;
  const take = (line: string) => {
    lines.push(line);
    if (awaited && line.startsWith(awaited.start)) awaited.found();
  };
  createInterface({ input: demo.child.stdout }).on("line", take);
  createInterface({ input: demo.child.stderr }).on("line", take);
  const text = () => lines.join("\n");

  return {
    ...demo,
    text,
    /** How many tasks each host of one cpu has run, by the table. */
    tasksRun: () => [...text().matchAll(/│ \S+ +│ +1 │ +(\d+) │/g)].map(([, count]) => Number(count)),
    /** What the demo printed there as a number. */
    number: (pattern: RegExp) => Number(pattern.exec(text())?.[1]),
    /** Waits for a line that starts so. */
    printed: (start: string) =>
      new Promise<void>((found, reject) => {
        if (lines.some((line) => line.startsWith(start))) return found();
        awaited = { start, found };
        void demo.ended.then(() => reject(new Error(`the demo ended too early:\n${text()}`)));
      }),
  };
}
