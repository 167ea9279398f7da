import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileKernel } from "../../scripts/demo/compile-kernel.ts";
import type { TestContext } from "../support/index.ts";

/** Compiles the kernels of `examples/digits` into a temp folder and gives the path of the module. */
export async function compileLogistic(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "wray-logistic-"));
  t.after(() => rm(folder, { recursive: true }));
  const module = join(folder, "logistic.wasm");
  await compileKernel("examples/digits/kernels/logistic.ts", module);
  return module;
}
