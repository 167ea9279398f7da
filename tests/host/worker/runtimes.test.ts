import { readFile } from "node:fs/promises";
import type { WorkerModule } from "../../../host/worker/messages.ts";
import { openWorker, prepared } from "../../../scripts/bench/worker.ts";
import { compileOnce } from "../../kernels/asc.ts";
import { assert, suite, throwsCode } from "../../support/index.ts";

const test = suite("worker/instance, AssemblyScript's runtimes");

const modules = new Map<string, WorkerModule>();
// Without the optimiser, which takes longest and changes nothing of how memory is used, but for the one that is shipped.
const runtimes = { stub: [], minimal: ["--target", "debug"], incremental: ["--target", "debug"] };

test.before(
  async () => {
    for (const [runtime, flags] of Object.entries(runtimes)) {
      const path = await compileOnce("tests/api/fixtures/residue.ts", ["--runtime", runtime, ...flags]);
      modules.set(runtime, await prepared(Uint8Array.from(await readFile(path))));
    }
  },
  { timeoutMs: 90_000 },
);

for (const runtime of Object.keys(runtimes)) {
  test(`a task finds nothing of the last one with the runtime ${runtime}`, () => {
    const [module, worker] = [modules.get(runtime)!, openWorker()];
    const pristine = worker.run(module, "look") as Record<string, unknown>;
    const found = worker.run(module, "plantAndLook", ["secret"]) as Record<string, unknown>;
    for (const [place, value] of Object.entries(pristine)) {
      if (place !== "pages") assert.is.not(found[place], value, place);
    }
    for (let round = 0; round < 5; round++) {
      assert.is(worker.run(module, "plant", [`secret ${round}`]), 101);
      assert.equal(worker.run(module, "look"), pristine);
    }
    assert.is(worker.instanceCount(), 1);
  });

  test(`a task finds nothing of one that has failed with the runtime ${runtime}`, () => {
    const [module, worker] = [modules.get(runtime)!, openWorker()];
    const pristine = worker.run(module, "look");
    for (const [kernel, code] of [
      ["plantAndTrap", "TASK_ERROR"],
      ["plantAndThrow", "TASK_ERROR"],
      ["plantAndSpin", "TASK_TIMEOUT"],
      ["plantAndRecurse", "STACK_OVERFLOW"],
    ] as const) {
      throwsCode(() => worker.run(module, kernel, ["secret"], { timeoutMs: 20 }), code);
      assert.equal(worker.run(module, "look"), pristine, kernel);
    }
    assert.is(worker.instanceCount(), 1);
  });

  test(`a task finds the memory as large as it was with the runtime ${runtime}`, () => {
    const [module, worker] = [modules.get(runtime)!, openWorker()];
    const pristine = worker.run(module, "look");
    assert.is(worker.run(module, "plantAndGrow", ["secret", 2]), 77);
    assert.equal(worker.run(module, "look"), pristine);
    const limits = { memoryBytes: 4 * 1024 * 1024 };
    throwsCode(() => worker.run(module, "plantAndGrow", ["secret", 8], limits), "OUT_OF_MEMORY");
    assert.equal(worker.run(module, "look", [], limits), pristine);
  });

  test(`a task finds nothing of one with another large argument with the runtime ${runtime}`, () => {
    const [module, worker] = [modules.get(runtime)!, openWorker()];
    const argument = new Uint8Array(1_100_000).fill(5);
    const pristine = worker.run(module, "lookBeside", [argument]);
    const before = worker.instanceCount();
    for (let round = 0; round < 3; round++) {
      assert.is(worker.run(module, "plantBeside", [new Uint8Array(1_150_000).fill(77)]), 1_150_000);
      assert.equal(worker.run(module, "lookBeside", [argument]), pristine);
    }
    assert.is(worker.instanceCount() - before, 1, "one for each size of memory");
  });
}
