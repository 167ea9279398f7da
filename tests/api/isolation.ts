import type { Module } from "wray";
import { compileOnce } from "../kernels/asc.ts";
import { assert, rejects, type Suite } from "../support/index.ts";
import type { Api } from "./suite.ts";

/** That no task finds anything of another, whatever that was. */
export function isolationTests(test: Suite, api: () => Api): void {
  let residue: Module;
  let pristine: unknown;
  test.before(
    async () => {
      residue = await api().wray.load(await compileOnce("tests/api/fixtures/residue.ts"));
      pristine = await run("look");
    },
    { timeoutMs: 90_000 },
  );
  const run = (kernel: string, ...args: unknown[]) => api().wray.get(residue.kernel(kernel).remote(...args));

  test("a task finds memory, globals and data as they were, among others that leave secrets in all of them", async () => {
    const { wray } = api();
    const tasks = Array.from({ length: 200 }, (_, index) =>
      index % 2 === 0 ? residue.kernel("plant").remote(`secret ${index}`) : residue.kernel("look").remote(),
    );
    const looks = (await wray.get(tasks)).filter((_, index) => index % 2 === 1);
    for (const look of looks) assert.equal(look, pristine);
  });

  test("look() would find the secrets: in the task that has left them, it does", async () => {
    const found = (await run("plantAndLook", "secret")) as Record<string, unknown>;
    for (const [place, value] of Object.entries(pristine as Record<string, unknown>)) {
      if (place === "pages") continue;
      assert.is.not(found[place], value, place);
    }
  });

  for (const [kernel, code] of [
    ["plantAndTrap", "TASK_ERROR"],
    ["plantAndThrow", "TASK_ERROR"],
    ["plantAndSpin", "TASK_TIMEOUT"],
    ["plantAndRecurse", "STACK_OVERFLOW"],
  ] as const) {
    test(`a task finds nothing of one that has ended with ${code} in ${kernel}`, async () => {
      const { wray } = api();
      const failing = residue.kernel(kernel).options({ timeoutMs: 200 });
      for (let round = 0; round < 4; round++) {
        await rejects(wray.get(failing.remote("secret")), code);
        assert.equal(await run("look"), pristine);
      }
    });
  }

  test("a task finds nothing of one that was cancelled", async () => {
    const { wray } = api();
    const spinning = residue.kernel("plantAndSpin").remote("secret");
    await wray.wait([spinning], { timeoutMs: 20 });
    wray.cancel(spinning);
    await rejects(wray.get(spinning), "TASK_CANCELLED");
    assert.equal(await run("look"), pristine);
  });

  test("a task finds the memory as large as it was, whatever others have grown it to", async () => {
    const { wray } = api();
    const limited = { memoryBytes: 4 * 1024 * 1024 };
    const grow = residue.kernel("plantAndGrow");
    for (let round = 0; round < 3; round++) {
      assert.is(await run("plantAndGrow", "secret", 3), 77);
      assert.equal(await run("look"), pristine);
      await rejects(wray.get(grow.options(limited).remote("secret", 8)), "OUT_OF_MEMORY");
      assert.equal(await wray.get(residue.kernel("look").options(limited).remote()), pristine);
    }
  });

  test("a task finds nothing of the large arguments of another", async () => {
    const argument = new Uint8Array(1_100_000).fill(5);
    const first = await run("lookBeside", argument);
    for (let round = 0; round < 4; round++) {
      assert.is(await run("plantBeside", new Uint8Array(1_150_000).fill(77)), 1_150_000);
      assert.equal(await run("lookBeside", argument), first);
    }
  });
}
