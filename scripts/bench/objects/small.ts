import { setImmediate } from "node:timers/promises";
import type { Client } from "wray";
import { barred } from "../bar.ts";
import { latency, value } from "../figures.ts";
import { check, elapsedMs, oneByOneUs } from "../measure.ts";
import type { Context, Figure } from "../suite.ts";

const full = { turnCount: 7, callCount: 5_000, dropCount: 100_000 };
const quick = { turnCount: 2, callCount: 10, dropCount: 100 };
/** How many are put before the event loop has its turn: only then is let go of what was dropped. */
const dropsInARow = 1_000;

/** What an object costs that is as small as can be. */
export async function* smallObjects({ isQuick }: Context, wray: Client): AsyncIterable<Figure> {
  const { turnCount, callCount, dropCount } = isQuick ? quick : full;
  const putAndGet = async (index: number) => check("get", await wray.get(wray.put(index + 0.5)), index + 0.5);
  await oneByOneUs(callCount, putAndGet);
  const turns: number[][] = [];
  for (let turn = 0; turn < turnCount; turn++) turns.push(await oneByOneUs(callCount, putAndGet));
  yield barred(latency("put and get of a number", "µs", turns), { of: "p50", atMost: 2 });

  const dropUs = async () => {
    let ref = wray.put(-1);
    const ms = await elapsedMs(async () => {
      for (let index = 0; index < dropCount; index++) {
        wray.free(ref);
        ref = wray.put(index);
        if (index % dropsInARow === 0) await setImmediate();
      }
    });
    check("the last object of many", await wray.get(ref), dropCount - 1);
    return (ms * 1_000) / dropCount;
  };
  await dropUs();
  const costsUs: number[] = [];
  for (let turn = 0; turn < turnCount; turn++) costsUs.push(await dropUs());
  yield value("put and free of a number", "µs", turnCount * dropCount, costsUs);
}
