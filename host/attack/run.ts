import { randomOf } from "../worker/random.ts";
import type { Attack, Ending } from "./attack.ts";
import { Courier, type Delivered } from "./deliver.ts";
import { honestTasks } from "./honest.ts";
import { leastBytes, usualBytes } from "./memory.ts";
import { plan } from "./plan.ts";
import { allowedGrowth, hasGrown, mostKept, type Report, type Tally } from "./report.ts";
import { cpusOf, type Target } from "./target.ts";
import { countWorkers } from "./workers.ts";

export type RunOptions = {
  attacks: readonly Attack[];
  /** How many are run. */
  count: number;
  /** The same gives the same order, and the same random modules. */
  seed: string;
  /** Hears how many have been run, of how many with those that are not counted. */
  onProgress?(done: number, total: number): void;
};

/** Rounds before: code is compiled and heaps grow for about so long. */
const warmUpRounds = 6;

/**
 * Attacks a target, on all its workers at once, with honest tasks between. The list is run a few times before, so that
 * what is measured is no first time.
 */
export async function runAttacks(target: Target, options: RunOptions): Promise<Report> {
  const { attacks, count, seed, onProgress = () => {} } = options;
  const random = randomOf(seed);
  const courier = new Courier(target, random);
  const honest = await honestTasks(target.client, random);
  const tallies = new Map<string, Tally>();
  const wrong: string[] = [];
  let honestCount = 0;

  const askHonest = async () => {
    const fault = await honest();
    honestCount += 2;
    if (fault !== undefined) wrong.push(fault);
  };
  const names = new Set(attacks.map(({ name }) => name));
  const warmUp = plan(attacks, warmUpRounds * names.size, random);
  let done = 0;
  const runAll = async (
    planned: readonly Attack[],
    onEnd: (attack: Attack, delivered: Delivered) => void,
  ) => {
    const queue = planned.values();
    const lane = async () => {
      for (const attack of queue) {
        onEnd(attack, await courier.deliver(attack));
        onProgress(++done, warmUp.length + count);
        await askHonest();
      }
    };
    await Promise.all(Array.from({ length: cpusOf(target) }, lane));
  };

  await runAll(warmUp, () => {});
  const workersBefore = await countWorkers(target);
  const bytesBefore = await usualBytes(target);

  const startMs = performance.now();
  await runAll(plan(attacks, count, random), (attack, delivered) => tally(tallies, attack, delivered));
  const elapsedMs = performance.now() - startMs;
  const memoryFrom = async (before: number | undefined) => {
    const after = before && (await leastBytes(target, before * (1 + allowedGrowth)));
    return before === undefined || after === undefined ? undefined : { before, after };
  };
  let memory = await memoryFrom(bytesBefore);
  if (memory !== undefined && hasGrown(memory)) {
    // A heap grows to its size once, and may have done so now; what leaks grows each time.
    await runAll(plan(attacks, count, random), () => {});
    memory = await memoryFrom(memory.after);
  }
  const workers = { before: workersBefore, after: await countWorkers(target) };
  return {
    ...{ seed, honestCount, wrong, workers, elapsedMs, memory },
    tallies: [...tallies.values()].sort((a, b) => order(attacks, a) - order(attacks, b)),
  };
}

const order = (attacks: readonly Attack[], { name }: Tally) =>
  attacks.findIndex((attack) => attack.name === name);

/** Whether it ended as it was to. */
export const isRepelled = (attack: Attack, { ending, answer }: Delivered): boolean =>
  attack.expects.includes(ending as Ending) &&
  (ending !== "answer" || !("answer" in attack) || Object.is(answer, attack.answer));

function tally(tallies: Map<string, Tally>, attack: Attack, delivered: Delivered): void {
  const { name, variant, options } = attack;
  const { ending, answer, message, elapsedMs } = delivered;
  const known = tallies.get(name);
  const its: Tally = known ?? {
    name,
    runs: 0,
    endings: new Map(),
    unexpected: [],
    unexpectedCount: 0,
    lateMs: [],
  };
  if (known === undefined) tallies.set(name, its);
  its.runs++;
  its.endings.set(ending, (its.endings.get(ending) ?? 0) + 1);
  const { timeoutMs = Number.POSITIVE_INFINITY, cpuMs = Number.POSITIVE_INFINITY } = options;
  if (ending === "TASK_TIMEOUT") its.lateMs.push(elapsedMs - Math.min(timeoutMs, cpuMs));
  if (isRepelled(attack, delivered)) return;
  its.unexpectedCount++;
  if (its.unexpected.length === mostKept) return;
  const what = message ?? `answered ${String(answer)}`;
  its.unexpected.push(variant === undefined ? what : `${variant}: ${what}`);
}
