import type { Module, TaskOptions } from "wray";
import { assert, type CodedError, rejects, type Suite, throwsCode } from "../support/index.ts";
import { compileTo } from "./modules.ts";
import type { Api } from "./suite.ts";

const pageBytes = 64 * 1024;
const mebibyte = 1024 * 1024;

const dataOf = (error: CodedError) => (error as unknown as { data: Record<string, unknown> }).data;

/** What a task may use, by each of its options. */
export function limitsTests(test: Suite, api: () => Api): void {
  let limits: Module;
  test.before(async (t) => {
    limits = await api().wray.load(await compileTo(t, "tests/api/fixtures/limits.ts"));
  });
  const run = (kernel: string, options: TaskOptions, ...args: unknown[]) =>
    api().wray.get(
      limits
        .kernel(kernel)
        .options(options)
        .remote(...args),
    );

  test("memoryBytes limits what a kernel allocates, and names itself in OutOfMemoryError", async () => {
    const error = await rejects(run("hold", { memoryBytes: 8 * mebibyte }, 16), "OUT_OF_MEMORY");
    assert.match(error.message, `limits/hold needs more memory than its ${8 * mebibyte} bytes`);
    assert.is(dataOf(error).memoryBytes, 8 * mebibyte);
    assert.is(await run("hold", { memoryBytes: 32 * mebibyte }, 16), 16);
    assert.is(await run("hold", {}, 100), 100);
    await rejects(run("hold", {}, 300), "OUT_OF_MEMORY");
  });

  test("memoryBytes limits memory.grow, which says so to the kernel, page by page", async () => {
    const options = { memoryBytes: 10 * pageBytes };
    const before = (await run("size", options)) as number;
    assert.is(await run("grow", options, 10 - before), before);
    assert.is(await run("grow", options, 11 - before), -1);
  });

  test("memoryBytes below what a module begins with runs nothing", async () => {
    await rejects(run("size", { memoryBytes: 0 }), "OUT_OF_MEMORY");
  });

  test("maxArgumentBytes limits arguments where they are given, and those that are refs where the task runs", async () => {
    const { wray } = api();
    const total = limits.kernel("total").options({ maxArgumentBytes: 1_000 });
    const error = throwsCode(() => total.remote(new Uint8Array(1_000)), "LIMIT_EXCEEDED");
    assert.is(dataOf(error).limit, "maxArgumentBytes");
    assert.is(await wray.get(total.remote(new Uint8Array(900))), 900);
    for (const bytes of [2_000, 200_000]) {
      const late = await rejects(wray.get(total.remote(wray.put(new Uint8Array(bytes)))), "LIMIT_EXCEEDED");
      assert.is(dataOf(late).limit, "maxArgumentBytes");
    }
  });

  for (const [kernel, ...args] of [
    ["bytes", 2_000],
    ["text", 2_000],
    ["rows", 1_000, 100],
  ] as const) {
    test(`maxResultBytes limits the result of ${kernel}`, async () => {
      const error = await rejects(run(kernel, { maxResultBytes: 1_000 }, ...args), "LIMIT_EXCEEDED");
      assert.is(dataOf(error).limit, "maxResultBytes");
      await run(kernel, { maxResultBytes: 2_000_000 }, ...args);
    });
  }

  test("maxResultBytes limits what small rows come to that are one in memory", async () => {
    const error = await rejects(run("rows", {}, 1_000_000, 10_000), "LIMIT_EXCEEDED");
    assert.is(dataOf(error).limit, "maxResultBytes");
  });

  test("maxLogBytes limits what a task logs, empty lines too", async () => {
    for (const [times, what] of [
      [1, "x".repeat(100)],
      [200, ""],
    ] as const) {
      const error = await rejects(run("say", { maxLogBytes: 100 }, times, what), "LIMIT_EXCEEDED");
      assert.is(dataOf(error).limit, "maxLogBytes");
    }
    await run("say", { maxLogBytes: 101 }, 1, "x".repeat(100));
  });

  test("timeoutMs stops a loop, and the worker lives on", async () => {
    const threads = new Set<unknown>();
    for (let round = 0; round < 3; round++) {
      const error = await rejects(run("spin", { timeoutMs: 30 }), "TASK_TIMEOUT");
      assert.is(dataOf(error).timeoutMs, 30);
      threads.add(dataOf(error).thread);
    }
    assert.ok(threads.size <= (await api().wray.nodes()).length && !threads.has(undefined));
  });

  test("cpuMs stops a kernel that computes for too long", async () => {
    const error = await rejects(run("spin", { cpuMs: 30 }), "TASK_TIMEOUT");
    assert.match(error.message, "limits/spin computed longer than its 30 ms");
    assert.is(dataOf(error).cpuMs, 30);
  });

  for (const kernel of ["recurse", "same"]) {
    test(`a stack too deep fails with StackOverflowError in ${kernel}, and the worker lives on`, async () => {
      const [first, second] = [
        await rejects(run(kernel, {}, ...(kernel === "same" ? [1] : [])), "STACK_OVERFLOW"),
        await rejects(run(kernel, {}, ...(kernel === "same" ? [1] : [])), "STACK_OVERFLOW"),
      ];
      assert.ok(dataOf(first).thread !== undefined);
      if (api().wray.nodes().length === 1) assert.is(dataOf(first).thread, dataOf(second).thread);
    });
  }

  test("options() refuses limits that are none, and names them", () => {
    for (const options of [
      { memoryBytes: -1 },
      { timeoutMs: 0 },
      { cpuMs: 0.5 },
      { maxNested: "many" },
      { grant: ["files"] },
      { grant: "log" },
      { seed: 5 },
      { clock: [Number.NaN] },
      { onProgress: true },
    ]) {
      const { message } = throwsCode(
        () => limits.kernel("size").options(options as TaskOptions),
        "INVALID_TASK",
      );
      assert.match(message, `option ${Object.keys(options)[0]} must be`);
    }
  });
}
