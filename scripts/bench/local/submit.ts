import { barred } from "../bar.ts";
import { values } from "../figures.ts";
import { byTurns, check } from "../measure.ts";
import type { Context, Figure } from "../suite.ts";
import { startEmbedded, startRings, workerCounts, workersText } from "./setting.ts";

/** The engine compiles what has run for a while, and lets its heap for what is young grow: it takes some 100,000 tasks. */
const full = { turnCount: 9, callCount: 10_000, warmUpCount: 20 };
const quick = { turnCount: 2, callCount: 100, warmUpCount: 1 };

/** What one `remote()` of 10,000 in a row takes of the program's time, beside the same into a ring. */
export async function* submitting(context: Context): AsyncIterable<Figure> {
  const { turnCount, callCount, warmUpCount } = context.isQuick ? quick : full;
  const [ring] = await startRings(context, 1);
  const inRingUs = async () => {
    const startMs = performance.now();
    const indices = Array.from({ length: callCount }, (_, index) => ring!.submit(index, 1));
    ring!.publish();
    const us = ((performance.now() - startMs) * 1_000) / callCount;
    await ring!.done();
    for (const [index, place] of indices.entries()) check("a ring", ring!.result(place), index + 1);
    return us;
  };
  for (const count of workerCounts) {
    const wray = await startEmbedded(context, count);
    const add = await wray.remote("math/add");
    const submitUs = async () => {
      const startMs = performance.now();
      const refs = Array.from({ length: callCount }, (_, index) => add.remote(index, 1));
      const us = ((performance.now() - startMs) * 1_000) / callCount;
      for (const [index, sum] of (await wray.get(refs)).entries()) check("math/add", sum, index + 1);
      return us;
    };
    await inRingUs();
    for (let count = 0; count < warmUpCount; count++) await submitUs();
    const baseline = { name: "ring, submit", measure: inRingUs };
    const compared = await byTurns(turnCount, submitUs, baseline);
    const figure = values(`submit alone, ${workersText(count)}`, "µs", turnCount * callCount, compared);
    yield barred(figure, { of: "value", atMost: 1 });
    await wray.shutdown();
  }
}
