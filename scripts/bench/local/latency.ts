import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "wray";
import { barred } from "../bar.ts";
import type { Ring } from "../bare/ring.ts";
import { emptyTask } from "../cluster.ts";
import { latencies } from "../figures.ts";
import { byTurns, type Call, check, oneByOneSyncUs, oneByOneUs } from "../measure.ts";
import type { Context, Figure } from "../suite.ts";
import { startEmbedded, startRings, workerCounts, workersText } from "./setting.ts";

const full = { turnCount: 10, callCount: 2_000, warmUpCount: 10_000, idleCount: 30, pauseMs: 10 };
const quick = { turnCount: 2, callCount: 10, warmUpCount: 10, idleCount: 2, pauseMs: 10 };

/** An empty task from its submission to its result: waited for by a thread that blocks, by one that awaits, after a pause. */
export async function* latencyOfTasks(context: Context): AsyncIterable<Figure> {
  const [ring] = await startRings(context, 1);
  for (const count of workerCounts) {
    const wray = await startEmbedded(context, count);
    yield* blocking(context, `task, blocking, ${workersText(count)}`, wray, ring!);
    yield* awaited(context, `task, awaited, ${workersText(count)}`, wray, ring!);
    yield* afterPauses(context, `task, awaited when idle, ${workersText(count)}`, wray, ring!);
    await wray.shutdown();
  }
}

async function* blocking(
  { isQuick }: Context,
  name: string,
  wray: Client,
  ring: Ring,
): AsyncIterable<Figure> {
  const { turnCount, callCount, warmUpCount } = isQuick ? quick : full;
  const add = await wray.remote("math/add");
  const baselineName = "ring, blocking";
  const inRing = (index: number) => check("a ring", ring.callSync(index, 1), index + 1);
  const measureRing = async () => oneByOneSyncUs(callCount, inRing);
  oneByOneSyncUs(warmUpCount, inRing);
  const task = (index: number) => check("math/add", wray.getSync(add.remote(index, 1)), index + 1);
  oneByOneSyncUs(warmUpCount, task);
  const baseline = { name: baselineName, measure: measureRing };
  const compared = await byTurns(turnCount, async () => oneByOneSyncUs(callCount, task), baseline);
  const [figure, bare] = latencies(name, "µs", compared);
  yield barred(figure, { of: "p50", atMost: 3 });
  yield bare;
}

async function* awaited({ isQuick }: Context, name: string, wray: Client, ring: Ring): AsyncIterable<Figure> {
  const { turnCount, callCount, warmUpCount } = isQuick ? quick : full;
  const task = await emptyTask(wray);
  const inRing = awaitedInRing(ring);
  await oneByOneUs(warmUpCount, inRing);
  await oneByOneUs(warmUpCount, task);
  const baseline = { name: "ring, awaited", measure: () => oneByOneUs(callCount, inRing) };
  const compared = await byTurns(turnCount, () => oneByOneUs(callCount, task), baseline);
  const [figure, bare] = latencies(name, "µs", compared);
  yield barred(figure, { of: "p50", atMost: 20 });
  yield bare;
}

/** Each call comes when everybody sleeps. */
async function* afterPauses(
  { isQuick }: Context,
  name: string,
  wray: Client,
  ring: Ring,
): AsyncIterable<Figure> {
  const { turnCount, idleCount, pauseMs } = isQuick ? quick : full;
  const task = await emptyTask(wray);
  const inRing = awaitedInRing(ring);
  const afterPausesUs = async (call: Call, isAsleep: () => boolean) => {
    const samplesUs: number[] = [];
    for (let index = 0; index < idleCount; index++) {
      do await delay(pauseMs);
      while (!isAsleep());
      samplesUs.push(...(await oneByOneUs(1, call)));
    }
    return samplesUs;
  };
  const compared = await byTurns(turnCount, () => afterPausesUs(task, () => true), {
    name: "ring, awaited when idle",
    measure: () => afterPausesUs(inRing, () => ring.isAsleep),
  });
  const [figure, bare] = latencies(name, "µs", compared);
  yield barred(figure, { of: "p50", atMost: 100 });
  yield bare;
}

const awaitedInRing =
  (ring: Ring): Call =>
  async (index) =>
    check("a ring", await ring.call(index, 1), index + 1);
