import { readFileSync } from "node:fs";
import { defaultHostLimits } from "../../../host/limits.ts";
import { LocalBackend } from "../../../host/local/local-backend.ts";
import type { LocalObject } from "../../../host/local/local-object.ts";
import type { TaskOptions } from "../../../scheduler/client/task-options.ts";
import { memoryControl } from "../../../scheduler/control/memory.ts";
import { openModule } from "../../../scheduler/manifest/read.ts";
import { compileProbe } from "../../api/modules.ts";
import type { TestContext } from "../../support/index.ts";

/** The backend of an embedded host without its client, and calls of the probe's kernels. */
export async function startBackend(t: Pick<TestContext, "after">, cpus: number) {
  const control = memoryControl();
  const facts = await openModule(Uint8Array.from(readFileSync(await compileProbe())));
  await control.putModule(facts.sha256, facts.bytes);
  const backend = new LocalBackend({ control, cpus, limits: defaultHostLimits, infeasibleAfterMs: 10_000 });
  t.after(() => backend.stop());
  const call = (kernel: string, args: readonly unknown[], options: TaskOptions = {}): LocalObject =>
    backend.target(facts, kernel, options).submit(args);
  const get = async (object: LocalObject): Promise<unknown> => (await backend.get([object]))[0];
  // From now on the module is here, and each call goes to the workers at once.
  await get(call("positive", [1]));
  return { backend, call, get };
}
