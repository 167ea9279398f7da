// A cluster of this machine that is hurt at random while it works: no result may be lost or wrong, nothing may leak.
//
//   npm run chaos -- --minutes 3 [--seed S]
import { mkdtempSync, readdirSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { init } from "wray";
import type { Belongings } from "../belongings.ts";
import { findNatsServer, startNatsServer } from "../nats/index.ts";
import { runProgram } from "../run-program.ts";
import { randomOf } from "../simulate/random.ts";
import { ChaosHost } from "./hosts.ts";
import { Killer } from "./killer.ts";
import { leaks } from "./leaks.ts";
import { Ledger } from "./ledger.ts";
import { startLive } from "./live.ts";
import { printReport } from "./report.ts";
import { stuckModule } from "./stuck.ts";
import { type Workload, workloadsOf } from "./workloads.ts";

const hostCount = 4;

/** Returns the exit code. */
async function chaos(belongings: Belongings, minutes: number, seed: number): Promise<number> {
  const executable = await findNatsServer();
  const server = await belongings.start(
    () => startNatsServer({ executable }),
    (server) => server.stop(),
  );
  const hosts = Array.from({ length: hostCount }, (_, index) => new ChaosHost(`h${index + 1}`, server.url));
  await Promise.all(
    hosts.map((host) =>
      belongings.start(
        () => host.start(),
        () => host.kill("SIGTERM"),
      ),
    ),
  );
  const wray = await belongings.start(
    () => init({ servers: server.url, infeasibleAfterMs: 60_000 }),
    (wray) => wray.shutdown(),
  );
  const [module, stuck] = [await wray.load("build/chaos.wasm"), await wray.load(stuckModule())];

  const ledger = new Ledger();
  const ending = new AbortController();
  const live = startLive(wray, ledger);
  const killer = new Killer({ random: randomOf(seed), hosts, server, wray, stuck, ledger });
  const work = workloadsOf(wray, module).flatMap((workload) =>
    Array.from({ length: workload.width }, (_, lane) => repeat(workload, lane, ledger, ending.signal)),
  );
  const killing = killer.run(ending.signal);
  await delay(minutes * 60_000);
  ending.abort();
  await killing;
  await Promise.all(work);
  live.stop();
  const held = await leaks(
    wray,
    server.url,
    hosts.map(({ id }) => id),
  );
  printReport(ledger, wray.stats(), held);
  return ledger.losses.length + held.length === 0 ? 0 : 1;
}

/** Runs round after round of a workload. */
async function repeat(workload: Workload, lane: number, ledger: Ledger, signal: AbortSignal): Promise<void> {
  for (let round = 0; !signal.aborted; round++) {
    const seed = round * workload.width + lane;
    await ledger.round(workload, () => workload.run(seed));
  }
}

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "3" }, seed: { type: "string", default: "1" } },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
if (!(minutes > 0) || !Number.isInteger(seed))
  throw new RangeError("--minutes must be above 0, --seed an integer");

/** What all processes put into the temp folder is to be gone in the end. */
const folder = mkdtempSync(join(tmpdir(), "wray-chaos-"));
process.env.TMPDIR = folder;
console.log(`chaos     ${minutes} minutes, seed ${seed}`);
await runProgram(
  (belongings) => chaos(belongings, minutes, seed),
  () => {
    const left = readdirSync(folder);
    if (left.length > 0) throw new Error(`files are left in ${folder}: ${left.join(", ")}`);
    rmdirSync(folder);
  },
);
