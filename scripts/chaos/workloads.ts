import { isDeepStrictEqual } from "node:util";
import type { Client, Module, ObjectRef } from "wray";
import { randomId } from "../../scheduler/protocol/ids.ts";
import { within } from "../../scheduler/time/within.ts";
import type { Work } from "./ledger.ts";
import { gathered, numbersSum, treeSum } from "./right.ts";

/** What has no result after so long is lost. */
const lostAfterMs = 60_000;
/** However often its host is killed, a task is tried again: a loss is to be a fault of ours. */
const maxRetries = 1_000;

export type Workload = Work & {
  /** How many rounds of it run at once. */
  width: number;
  /** Rejects when something is lost or wrong. */
  run(seed: number): Promise<void>;
};

/** The work that goes on all the time; of each round the results are known. */
export function workloadsOf(wray: Client, chaos: Module): Workload[] {
  const kernel = (name: string) => chaos.kernel(name).options({ maxRetries });
  const [tree, numbers, add, block, gather] = ["tree", "numbers", "add", "block", "gather"].map(kernel) as [
    ...Five<ReturnType<typeof kernel>>,
  ];
  const slow = chaos.kernel("slow").options({ durable: true, maxRetries });

  /** Gets values, and lets go of all refs of the round in any case. */
  const results = async (refs: ObjectRef[], wanted: ObjectRef[]): Promise<unknown[]> => {
    try {
      return await within(lostAfterMs, wray.get(wanted), () => new Error(`no result in ${lostAfterMs} ms`));
    } finally {
      wray.free(refs);
    }
  };

  return [
    {
      ...{ name: "nested tasks", kind: "tasks", width: 2, taskCount: 2 ** (treeDepth + 1) - 1 },
      async run(seed) {
        const ref = tree.remote(treeDepth, seed);
        check(await results([ref], [ref]), [treeSum(treeDepth, seed)]);
      },
    },
    {
      ...{ name: "tree reduction", kind: "tasks", width: 1, taskCount: 2 * leafCount - 1 },
      async run(seed) {
        const seeds = Array.from({ length: leafCount }, (_, index) => seed + index);
        const refs: ObjectRef[] = seeds.map((each) => numbers.remote(numbersCount, each));
        for (let at = 0; at + 1 < refs.length; at += 2) refs.push(add.remote(refs[at]!, refs[at + 1]!));
        check(await results(refs, [refs.at(-1)!]), [numbersSum(numbersCount, seeds)]);
      },
    },
    {
      ...{ name: "shuffle of 10 MB", kind: "tasks", width: 1, taskCount: blockSeeds.length + partCount },
      async run(seed) {
        const seeds = blockSeeds.map((each) => each + (seed % 5));
        const blocks = seeds.map((each) => block.remote(blockCount, each));
        const parts = Array.from({ length: partCount }, (_, part) =>
          gather.remote(part, partCount, ...blocks),
        );
        check(
          await results([...blocks, ...parts], parts),
          parts.map((_, part) => gathered(part, partCount, blockCount, seeds)),
        );
      },
    },
    {
      ...{ name: "durable jobs", kind: "jobs", width: 2, taskCount: 1 },
      async run(seed) {
        const job = await slow.options({ id: `chaos-${randomId()}` }).submit(seed, 5_000_000);
        check([await job.result({ timeoutMs: lostAfterMs })], [seed]);
      },
    },
  ];
}

type Five<T> = [T, T, T, T, T];
const treeDepth = 4;
const leafCount = 16;
/** 160 kB, which are too many to travel with a message. */
const numbersCount = 20_000;
/** 10 MB. */
const blockCount = 2_500_000;
const blockSeeds = [1, 2, 3];
const partCount = 3;

function check(actual: unknown[], right: unknown[]): void {
  if (!isDeepStrictEqual(actual, right)) throw new Error("the result is wrong");
}
