import type { Client, Kernel } from "wray";
import { check } from "../measure.ts";

/** Has so many tasks done, all submitted before the first is waited for, and checks each result. */
export type Batch = (taskCount: number) => Promise<void>;

/** Batches of a kernel that adds two numbers, each task with a ref of its own. */
export function batchOf(wray: Client, kernel: Kernel<(a: number, b: number) => number>): Batch {
  return async (taskCount) => {
    const refs = Array.from({ length: taskCount }, (_, task) => kernel.remote(task, 1));
    const sums = await wray.get(refs);
    for (let task = 0; task < taskCount; task++) check(kernel.name, sums[task], task + 1);
  };
}

export type Size = { batchCount: number; batchSize: number; turnMs: number };

/** The rates of a batch, one a turn. */
export class Rates {
  readonly #run: Batch;
  readonly #size: Size;
  /** How many tasks all turns together had. */
  taskCount = 0;

  constructor(run: Batch, size: Size) {
    this.#run = run;
    this.#size = size;
  }

  async warmUp(): Promise<void> {
    await this.#run(this.#size.batchSize);
  }

  /** Tasks a second, of all batches, or of those that began within `turnMs` when they take long. */
  readonly perSecond = async (): Promise<number> => {
    const { batchCount, batchSize, turnMs } = this.#size;
    const startMs = performance.now();
    let batch = 0;
    do await this.#run(batchSize);
    while (++batch < batchCount && performance.now() - startMs < turnMs);
    this.taskCount += batch * batchSize;
    return (batch * batchSize) / ((performance.now() - startMs) / 1_000);
  };
}
