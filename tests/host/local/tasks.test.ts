import { setImmediate as nextTurn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { assert, suite, type TestContext, throwsCode } from "../../support/index.ts";
import { startBackend } from "./start-backend.ts";

const test = suite("local tasks");

/** In two bytes a character, nearly all that travels in a slot. */
const [long, other] = ["a".repeat(3_900), "b".repeat(3_900)];

test("arguments that are small each, and have no room in a slot together, arrive whole", async (t) => {
  const { backend, call } = await startBackend(t, 1);
  const [a, b] = [backend.put(long), backend.put(other)];
  for (const args of [
    [long, other],
    [a, b],
    [long, b],
    [a, other],
    [a, a],
  ]) {
    const seed = "s".repeat(256);
    // Many at once, so that there is a call in the slot behind.
    const results = Array.from({ length: 50 }, (_, nth) => call("join", args, nth % 2 === 0 ? {} : { seed }));
    const expected = args.map((arg) => (arg === a ? long : arg === b ? other : arg)).join("");
    const values = await backend.get(results);
    assert.ok(values.every((value) => value === expected));
  }
});

test("a task that waits for another keeps its kernel, however many kinds of tasks are run meanwhile", async (t) => {
  const { backend, call, get } = await startBackend(t, 2);
  let bring: (text: string) => void = () => {};
  const late = backend.putLater(
    new Promise((resolve) => {
      bring = resolve;
    }),
  );
  const waiting = call("join", ["a", late]);
  const others = Array.from({ length: 1_200 }, (_, nth) =>
    call("divide", [4, 2], { timeoutMs: 10_000 + nth }),
  );
  await backend.get(others);
  bring("b");
  assert.is(await get(waiting), "ab");
});

/** The threads of workers, as they start. */
function watchThreads(t: TestContext): Worker[] {
  const threads: Worker[] = [];
  const { unref } = Worker.prototype;
  Worker.prototype.unref = function (this: Worker) {
    threads.push(this);
    unref.call(this);
  };
  t.after(() => {
    Worker.prototype.unref = unref;
  });
  return threads;
}

test("a task whose worker died is run again, and its promise comes true", async (t) => {
  const threads = watchThreads(t);
  const { backend, call, get } = await startBackend(t, 1);
  const result = call("busy", ["x", 100_000_000]);
  for (let crash = 0; crash < 2; crash++) {
    while (backend.pool.running === 0) await nextTurn();
    await threads.at(-1)!.terminate();
  }
  assert.is(await get(result), "x");
});

test("worker killed while a result is being stored: it is stored by another, once, and nothing of the first is left", async (t) => {
  const threads = watchThreads(t);
  const { backend, call, get } = await startBackend(t, 1);
  await get(call("bytes", [1, 1]));
  // All of the run is mostly the making of a large result; each attempt is hit at another of its moments.
  const beganMs = performance.now();
  const unharmed = call("bytes", [30_000_000, 0]);
  await get(unharmed);
  unharmed.free();
  const runMs = performance.now() - beganMs;
  let crashCount = 0;
  for (let attempt = 1; attempt <= 8; attempt++) {
    const result = call("bytes", [30_000_000, attempt]);
    const hitMs = performance.now() + (attempt / 8) * runMs;
    while (performance.now() < hitMs && !result.isReady) await nextTurn();
    if (!result.isReady) crashCount++;
    await threads.at(-1)!.terminate();
    const value = (await get(result)) as Uint8Array;
    assert.is(value.length, 30_000_000);
    assert.equal([value[1], value.at(-1)], [(31 + attempt) & 0xff, (29_999_999 * 31 + attempt) & 0xff]);
    result.free();
  }
  assert.ok(crashCount > 0, "some were hit before they were done");
  const left = backend.store.report().objects.filter(({ label }) => !label?.endsWith("freed"));
  assert.equal(left, []);
});

/** Resolves once both workers have started and run something. */
async function bothRun({ backend, call }: Awaited<ReturnType<typeof startBackend>>): Promise<void> {
  const endless = [call("spin", []), call("spin", [])];
  while (backend.pool.running < 2) await nextTurn();
  for (const each of endless) backend.cancel(each);
  while (backend.pool.size > 0) await nextTurn();
}

test("no call waits behind a long one while a worker sleeps", async (t) => {
  const started = await startBackend(t, 2);
  const { backend, call, get } = started;
  await bothRun(started);
  const first = call("busy", ["first", 100_000_000]);
  const short = call("busy", ["short", 10_000_000]);
  // It goes behind the first; who has the short one takes it then, and the first's worker has nothing to do in the end.
  const long = call("busy", ["long", 2_000_000_000]);
  await backend.get([first, short]);
  for (let nth = 0; nth < 20; nth++) {
    // Time for a worker to fall asleep.
    for (let turn = 0; turn < 1_000; turn++) await nextTurn();
    await get(call("positive", [1]));
  }
  assert.not(backend.isReady(long), "the long one is done, and calls have waited for it");
  backend.cancel(long);
});

test("a call of more arguments than a slot has room for is refused", async (t) => {
  const { backend, call } = await startBackend(t, 1);
  for (const args of [Array(257).fill(1), Array(1_000).fill("x")]) {
    const { message } = throwsCode(() => call("positive", args), "INVALID_TASK");
    assert.match(message, `${args.length} arguments; a task has at most 256`);
  }
  assert.is(backend.pool.size, 0);
});
