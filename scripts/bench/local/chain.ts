import { barred } from "../bar.ts";
import { values } from "../figures.ts";
import { byTurns, check } from "../measure.ts";
import type { Context, Figure } from "../suite.ts";
import { startEmbedded, startRings, workerCounts, workersText } from "./setting.ts";

const full = { turnCount: 9, linkCount: 10_000, warmUpCount: 5 };
const quick = { turnCount: 2, linkCount: 50, warmUpCount: 1 };

/** Tasks of which each takes the result of the one before, all submitted before the last is waited for. */
export async function* chain(context: Context): AsyncIterable<Figure> {
  const { turnCount, linkCount, warmUpCount } = context.isQuick ? quick : full;
  const [ring] = await startRings(context, 1);
  const usOfLink = async (run: () => Promise<number> | number) => {
    const startMs = performance.now();
    const end = await run();
    const us = ((performance.now() - startMs) * 1_000) / linkCount;
    check("a chain", end, linkCount);
    return us;
  };
  const inRing = () =>
    usOfLink(() => {
      let sum = 0;
      for (let link = 0; link < linkCount; link++) sum = ring!.callSync(sum, 1);
      return sum;
    });
  for (const count of workerCounts) {
    const wray = await startEmbedded(context, count);
    const add = await wray.remote("math/add");
    const inWray = () =>
      usOfLink(() => {
        let ref = add.remote(0, 1);
        for (let link = 1; link < linkCount; link++) ref = add.remote(ref, 1);
        return wray.get(ref);
      });
    await inRing();
    for (let count = 0; count < warmUpCount; count++) await inWray();
    const compared = await byTurns(turnCount, inWray, { name: "ring, blocking", measure: inRing });
    const figure = values(
      `a link of ${linkCount.toLocaleString("en")}, ${workersText(count)}`,
      "µs",
      turnCount * linkCount,
      compared,
    );
    yield barred(figure, { of: "value", atMost: 5 });
    await wray.shutdown();
  }
}
