import type { Kernel } from "wray";
import { type Bar, barred } from "../bar.ts";
import { startPiscina } from "../bare/piscina.ts";
import { runBatch, runBatchOfPromises } from "../bare/ring-batch.ts";
import { value, values } from "../figures.ts";
import { byTurns } from "../measure.ts";
import type { Context, Figure } from "../suite.ts";
import { type Batch, batchOf, Rates } from "./batches.ts";
import { scratchModule } from "./scratch.ts";
import { startEmbedded, startRings, workerCounts, workersText } from "./setting.ts";

/** Five turns of 200,000 tasks are a million. */
const full = { turnCount: 5, warmUpCount: 20, batchCount: 20, batchSize: 10_000, turnMs: 1_000 };
const quick = { turnCount: 2, warmUpCount: 1, batchCount: 1, batchSize: 100, turnMs: 1_000 };

const million: Bar = { of: "value", atLeast: 1_000_000 };
const tenfold: Bar = { of: "ratio", atLeast: 10 };

/** Tasks that are submitted one by one, each with a ref of its own, beside bare rings and beside Piscina. */
export async function* throughputOfTasks(context: Context): AsyncIterable<Figure> {
  for (const count of workerCounts) yield* withWorkers(context, count);
}

async function* withWorkers(context: Context, count: number): AsyncIterable<Figure> {
  const { turnCount, warmUpCount, ...size } = context.isQuick ? quick : full;
  const scratch = await scratchModule();
  const wray = await startEmbedded(context, count);
  const rings = await startRings(context, count);
  const resetting = await startRings(context, count, await WebAssembly.compile(scratch));
  const piscina = await context.start(
    () => startPiscina(count, size.batchSize),
    (pool) => pool.stop(),
  );
  const add = batchOf(wray, await wray.remote("math/add"));
  const scratchAdd = (await wray.load(scratch)).kernel("add") as Kernel<(a: number, b: number) => number>;

  const workers = workersText(count);
  const tasks = `tasks, ${workers}`;
  yield* compare(tasks, add, "ring, promises", (n) => runBatchOfPromises(rings, n), million);
  yield* compare(
    `tasks that leave something, ${workers}`,
    batchOf(wray, scratchAdd),
    "ring, resets and promises",
    (n) => runBatchOfPromises(resetting, n),
    million,
  );
  yield* compare(tasks, add, "Piscina", piscina.runBatch, tenfold);
  yield* alone(`ring, ${workers}`, (n) => runBatch(rings, n));
  yield* alone(`ring, resets, ${workers}`, (n) => runBatch(resetting, n));
  await wray.shutdown();
  await piscina.stop();
  await Promise.all([...rings, ...resetting].map((ring) => ring.stop()));

  /** With all workers, a figure has a bar to reach. */
  async function* compare(name: string, task: Batch, baselineName: string, baseline: Batch, bar: Bar) {
    const [ours, theirs] = [new Rates(task, size), new Rates(baseline, size)];
    await theirs.warmUp();
    for (let count = 0; count < warmUpCount; count++) await ours.warmUp();
    const measured = { name: baselineName, measure: theirs.perSecond };
    const compared = await byTurns(turnCount, ours.perSecond, measured);
    const figure = values(name, "1/s", ours.taskCount, compared);
    yield count === workerCounts.at(-1) ? barred(figure, bar) : figure;
  }

  async function* alone(name: string, batch: Batch) {
    const rates = new Rates(batch, size);
    await rates.warmUp();
    const turns: number[] = [];
    for (let turn = 0; turn < turnCount; turn++) turns.push(await rates.perSecond());
    yield value(name, "1/s", rates.taskCount, turns);
  }
}
