import { barred } from "../bar.ts";
import { value } from "../figures.ts";
import { check } from "../measure.ts";
import type { Context, Figure } from "../suite.ts";
import { startEmbedded, workerCounts, workersText } from "./setting.ts";

const full = { turnCount: 5, refCount: 1_000 };
const quick = { turnCount: 2, refCount: 20 };

/** `wait` for one more of 1,000 refs, until there are none. */
export async function* waiting(context: Context): AsyncIterable<Figure> {
  const { turnCount, refCount } = context.isQuick ? quick : full;
  for (const count of workerCounts) {
    const wray = await startEmbedded(context, count);
    const add = await wray.remote("math/add");
    const callsPerSecond = async () => {
      const refs = Array.from({ length: refCount }, (_, index) => add.remote(index, 1));
      const index = new Map(refs.map((ref, index) => [ref, index]));
      const startMs = performance.now();
      const order: typeof refs = [];
      for (let left = refs; left.length > 0; ) {
        const { ready, pending } = await wray.wait(left);
        check("the number of refs that wait gives", ready.length, 1);
        order.push(...ready);
        left = pending;
      }
      const rate = refCount / ((performance.now() - startMs) / 1_000);
      check("the number of refs that were ready", new Set(order).size, refCount);
      for (const [place, sum] of (await wray.get(order)).entries()) {
        check("math/add", sum, index.get(order[place]!)! + 1);
      }
      return rate;
    };
    await callsPerSecond();
    const turns: number[] = [];
    for (let turn = 0; turn < turnCount; turn++) turns.push(await callsPerSecond());
    const name = `wait for one of ${refCount.toLocaleString("en")}, ${workersText(count)}`;
    yield barred(value(name, "1/s", turnCount * refCount, turns), { of: "value", atLeast: 1_000 });
    await wray.shutdown();
  }
}
