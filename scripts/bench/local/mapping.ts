import { barred } from "../bar.ts";
import { runBatch } from "../bare/ring-batch.ts";
import { values } from "../figures.ts";
import { byTurns, check } from "../measure.ts";
import type { Context, Figure } from "../suite.ts";
import { startEmbedded, startRings, workerCounts, workersText } from "./setting.ts";

const full = { turnCount: 7, elementCount: 1_000_000, batchSize: 10_000 };
const quick = { turnCount: 2, elementCount: 1_000, batchSize: 100 };

/** A call for each of a million elements, in one go. */
export async function* mapping(context: Context): AsyncIterable<Figure> {
  const { turnCount, elementCount, batchSize } = context.isQuick ? quick : full;
  const xs = Float64Array.from({ length: elementCount }, (_, index) => index);
  for (const count of workerCounts) {
    const name = `map, ${workersText(count)}`;
    const wray = await startEmbedded(context, count);
    const add = await wray.remote("math/add");
    const rings = await startRings(context, count);
    const perSecond = (run: () => Promise<void>) => async () => {
      const startMs = performance.now();
      await run();
      return elementCount / ((performance.now() - startMs) / 1_000);
    };
    const inRings = perSecond(async () => {
      for (let done = 0; done < elementCount; done += batchSize) await runBatch(rings, batchSize);
    });
    const mapped = perSecond(async () => {
      const sums = await wray.get(add.map(xs, 1));
      check("the length of what map gives", sums.length, elementCount);
      for (let index = 0; index < elementCount; index++) check("map", sums[index], index + 1);
    });
    await inRings();
    await mapped();
    const baseline = { name: "ring", measure: inRings };
    const compared = await byTurns(turnCount, mapped, baseline);
    const figure = values(name, "1/s", turnCount * elementCount, compared);
    yield count === workerCounts.at(-1) ? barred(figure, { of: "value", atLeast: 10_000_000 }) : figure;
    await wray.shutdown();
    await Promise.all(rings.map((ring) => ring.stop()));
  }
}
