import { type Client, init, ObjectRef, type TaskOptions } from "wray";
import { type Host, startHost } from "../hosts.ts";
import { type Bar, barred } from "./bar.ts";
import { lengths } from "./barrier/lengths.ts";
import * as plain from "./barrier/plain-rollout.ts";
import {
  type Decision,
  type Kernels,
  noBarrier,
  oneByOne,
  type Step,
  type Way,
  withBarrier,
} from "./barrier/ways.ts";
import { startClient, startServer } from "./cluster.ts";
import { cpuMsOf } from "./cpu.ts";
import { value, values } from "./figures.ts";
import { check, elapsedMs } from "./measure.ts";
import type { Figure, Suite } from "./suite.ts";

const full = { turnCount: 5, stepCount: 160 };
const quick = { turnCount: 1, stepCount: 8 };

/** Of simulations; one more host has the policy, as in the article, where that was on GPUs. */
const workerCount = 2;
const mostEnvironments = 2 * workerCount;
/** As many as can run at once; and twice as many, so that a worker has another one while one is decided about. */
const environmentCounts = [workerCount, mostEnvironments];
/** Of the time of the workers, with so many. */
const mostWithBarriers: Bar = { of: "value", atMost: 60 };
const leastWithout: Bar = { of: "value", atLeast: 90 };
/** Every so many steps, one is computed again. */
const checkedEvery = 7;

export const barrier: Suite = {
  name: "barrier",
  description: "simulations of unequal length and a policy in turn, without a barrier and with one",

  async *run(context) {
    const { turnCount, stepCount } = context.isQuick ? quick : full;
    const servers = await startServer(context);
    const hostFor = (role: string) =>
      context.start(
        () => startHost({ servers, args: ["--label", `role=${role}`] }),
        (host) => host.stop(),
      );
    const hosts: Host[] = [];
    for (let count = 0; count < workerCount; count++) hosts.push(await hostFor("simulation"));
    await hostFor("policy");
    const cluster = await kernelsOf(await startClient(context, servers), {
      simulate: { labels: { role: "simulation" } },
      decide: { labels: { role: "policy" } },
    });
    const alone = await kernelsOf(
      await context.start(
        () => init({ cpus: 1 }),
        (wray) => wray.shutdown(),
      ),
    );
    const ofSteps = lengths(stepCount);
    const run = (way: Way, kernels: Kernels, environmentCount: number) =>
      measured({ way, kernels, hosts, begins: begins(environmentCount), lengths: ofSteps });

    const ways = environmentCounts.flatMap((count) => [
      { name: `barriers, ${count} environments`, way: withBarrier, count, bar: mostWithBarriers },
      { name: `no barrier, ${count} environments`, way: noBarrier, count, bar: leastWithout },
    ]);
    // Modules are loaded, code is compiled, and it is known how long the kernels take.
    for (const { way, count } of ways) await run(way, cluster, count);
    const oneThread: Measured[] = [];
    const turns: Measured[][] = ways.map(() => []);
    for (let turn = 0; turn < turnCount; turn++) {
      oneThread.push(await run(oneByOne, alone, workerCount));
      for (const [index, { way, count }] of ways.entries())
        turns[index]!.push(await run(way, cluster, count));
    }
    const n = turnCount * stepCount;
    const baseline = { name: "one thread", turns: perSecond(oneThread) };
    yield elapsed("one thread", oneThread);
    for (const [index, { name, count, bar }] of ways.entries()) {
      const own = turns[index]!;
      yield elapsed(name, own);
      yield values(`steps, ${name}`, "1/s", n, { turns: perSecond(own), baseline });
      const busy = value(`workers in simulations, ${name}`, "%", n, shares(own, "simulatingMs"));
      yield count === mostEnvironments ? barred(busy, bar) : busy;
      yield value(`processor for hosts, ${name}`, "%", n, shares(own, "cpuMs"));
    }
  },
};

type Scheduling = Pick<TaskOptions, "labels">;

/** What it took of the time, of the processor for the hosts, and of their workers, as the simulations tell. */
type Measured = { stepCount: number; ms: number; cpuMs: number; simulatingMs: number };

const perSecond = (turns: Measured[]) => turns.map(({ stepCount, ms }) => (stepCount * 1_000) / ms);

/** Parts of all that the workers had, in percent. */
const shares = (turns: Measured[], of: "cpuMs" | "simulatingMs") =>
  turns.map((turn) => (100 * turn[of]) / (workerCount * turn.ms));

const elapsed = (name: string, turns: Measured[]): Figure => {
  const { stepCount } = turns[0]!;
  const ms = turns.map(({ ms }) => ms);
  return value(`${stepCount} steps, ${name}`, "ms", turns.length * stepCount, ms);
};

async function kernelsOf(
  wray: Client,
  places: { simulate?: Scheduling; decide?: Scheduling } = {},
): Promise<Kernels> {
  const module = await wray.load<"rollout">("build/rollout.wasm");
  const simulate = module.kernel("simulate").options({ grant: ["clock"], ...places.simulate });
  const decide = module.kernel("decide").options({ grant: ["clock"], ...places.decide });
  return {
    wray,
    simulate: (from, steps) => simulate.remote(from, steps),
    decide: (seen) => decide.remote(seen),
  };
}

const begins = (count: number): Decision[] =>
  Array.from({ length: count }, (_, place) => ({ x: 1 + place, v: 0, force: 0, startMs: 0, endMs: 0 }));

type Run = { way: Way; kernels: Kernels; hosts: Host[]; begins: Decision[]; lengths: number[] };

async function measured({ way, kernels, hosts, begins, lengths }: Run): Promise<Measured> {
  const beforeMs = await cpuMsOfAll(hosts);
  let steps: Step[] = [];
  const ms = await elapsedMs(async () => {
    steps = await way(kernels, begins, lengths);
  });
  const cpuMs = (await cpuMsOfAll(hosts)) - beforeMs;
  check("the number of steps", steps.length, lengths.length);
  return { stepCount: steps.length, ms, cpuMs, simulatingMs: await simulatingMs(kernels.wray, steps) };
}

const cpuMsOfAll = async (hosts: Host[]) =>
  (await Promise.all(hosts.map(({ process }) => cpuMsOf(process.pid!)))).reduce((sum, ms) => sum + ms, 0);

/** How long the simulations took by their own clocks; some are computed again, and have to come to the same. */
async function simulatingMs(wray: Client, steps: readonly Step[]): Promise<number> {
  let sumMs = 0;
  for (const [index, { from, length, ...refs }] of steps.entries()) {
    const seen = await wray.get(refs.seen);
    const decision = await wray.get(refs.decision);
    sumMs += seen.endMs - seen.startMs;
    if (index % checkedEvery > 0) continue;
    const rollout = plain.simulate(from instanceof ObjectRef ? await wray.get(from) : from, length);
    const { force } = plain.decide(rollout);
    check("rollout/simulate", `${seen.x} ${seen.v}`, `${rollout.x} ${rollout.v}`);
    check("rollout/decide", decision.force, force);
  }
  return sumMs;
}
