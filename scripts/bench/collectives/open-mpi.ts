import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Context } from "../suite.ts";

const run = promisify(execFile);

/** Its program refuses to run for root, as in a container, unless it is told twice. */
const env = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };

/** Milliseconds of an allreduce for each length and number of rounds, as OpenMPI does it between so many processes. */
export type OpenMpi = (processes: number, cases: readonly (readonly [number, number])[]) => Promise<number[]>;

/** OpenMPI, if it is installed, with the program compiled; else why there is none. */
export async function findOpenMpi({ start }: Context): Promise<OpenMpi | string> {
  try {
    await run("mpirun", ["--version"], { env });
  } catch {
    return "mpirun is not installed (apt-get install openmpi-bin libopenmpi-dev gcc)";
  }
  const folder = await start(
    () => mkdtemp(join(tmpdir(), "wray-bench-")),
    (made) => rm(made, { recursive: true, force: true }),
  );
  const program = join(folder, "allreduce");
  try {
    await run("mpicc", ["-O3", "scripts/bench/collectives/allreduce.c", "-o", program]);
  } catch (error) {
    return `mpicc can't compile scripts/bench/collectives/allreduce.c: ${(error as Error).message}`;
  }
  return async (processes, cases) => {
    const args = ["--oversubscribe", "-n", String(processes), program, ...cases.flat().map(String)];
    const { stdout } = await run("mpirun", args, { env });
    return stdout.trim().split("\n").map(Number);
  };
}
