import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Compiles a kernel as a user would, with `npx asc <source> -o <output>`, only without npm's own start. */
export async function compileKernel(source: string, output: string): Promise<void> {
  const asc = "node_modules/assemblyscript/bin/asc.js";
  try {
    await promisify(execFile)(process.execPath, [asc, source, "-o", output]);
  } catch (error) {
    throw new Error(`asc could not compile ${source}:\n${(error as { stderr: string }).stderr}`, {
      cause: error,
    });
  }
}
