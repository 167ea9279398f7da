import { availableParallelism } from "node:os";
import { SingleBar } from "cli-progress";
import type { ServerOptions } from "../../scheduler/bus/credentials.ts";
import { InvalidTaskError } from "../../scheduler/protocol/errors.ts";
import { randomId } from "../../scheduler/protocol/ids.ts";
import { attacks } from "../attack/list/index.ts";
import { clusterTarget, embeddedTarget } from "../attack/open-target.ts";
import { failuresOf } from "../attack/report.ts";
import { runAttacks } from "../attack/run.ts";
import { printReport } from "./print-report.ts";

export type AttackCommandOptions = Partial<ServerOptions> & {
  cluster: string;
  cpus?: number;
  count: number;
  seed?: string;
  only?: string;
};

/**
 * Runs the attack list against a cluster, or a host inside this process, and prints what became of it.
 * @returns whether all attacks were repelled
 */
export async function runAttackCommand(options: AttackCommandOptions): Promise<boolean> {
  const { cluster, cpus, count, seed = randomId(6), only = "", servers, ...credentials } = options;
  const chosen = attacks.filter(({ name }) => name.includes(only));
  if (chosen.length === 0) {
    throw new InvalidTaskError(`no attack has ${JSON.stringify(only)} in its name`, {
      remedy: "Run `wray attack` without --only to see all names.",
    });
  }
  if (servers !== undefined && cpus !== undefined) {
    throw new InvalidTaskError(
      "--cpus is for a host inside this process, and --servers for a cluster that has its own",
    );
  }
  const target =
    servers === undefined
      ? await embeddedTarget(cpus ?? availableParallelism())
      : await clusterTarget({ servers, ...credentials }, cluster);
  const bar = new SingleBar({
    format: "{bar} {value}/{total}",
    stream: process.stderr,
    clearOnComplete: true,
  });
  try {
    const report = await runAttacks(target, {
      attacks: chosen,
      count,
      seed,
      onProgress: (done, total) => (done === 1 ? bar.start(total, done) : bar.update(done)),
    });
    bar.stop();
    printReport(report);
    return failuresOf(report).length === 0;
  } finally {
    bar.stop();
    await target.close();
  }
}
