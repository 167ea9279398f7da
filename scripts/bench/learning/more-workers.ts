import { learn } from "../../../examples/learn-to-run/learn.ts";
import { presets } from "../../../examples/learn-to-run/presets.ts";
import { value, values } from "../figures.ts";
import type { Context, Figure } from "../suite.ts";
import { plainClient } from "./plain-client.ts";

const full = { seedCount: 9, enough: 25, generationCount: 6_000 };
const quick = { seedCount: 1, enough: 3, generationCount: 4 };
const workerCount = 8;

/**
 * How long it would take until the walker gets a score if there were more workers than this machine has cores: computed,
 * in steps of an episode, from how long each episode is. All that takes time besides them is left out, so that it is
 * only told what workers wait for each other.
 */
export async function* moreWorkers({ isQuick }: Context): AsyncIterable<Figure> {
  const { seedCount, ...until } = isQuick ? quick : full;
  const [barrier, overlap]: [number[], number[]] = [[], []];
  for (let seed = 1; seed <= seedCount; seed++) {
    barrier.push(await stepsOfTime({ ...until, seed, overlap: 1 }));
    overlap.push(await stepsOfTime({ ...until, seed, overlap: 2 }));
  }
  const name = (way: string) => `computed for ${workerCount} workers, ${way}, 4 pairs`;
  const baseline = { name: "barrier, 4 pairs", turns: barrier };
  yield value(name("barrier"), "steps", seedCount, barrier);
  yield values(name("overlap 2"), "steps", seedCount, { turns: overlap, baseline });
}

type Run = { seed: number; overlap: number; enough: number; generationCount: number };

/** Until the first trial with the score; when there is none, until the last. */
async function stepsOfTime({ generationCount, ...options }: Run): Promise<number> {
  const { wray, triedAt } = await plainClient(workerCount);
  let reachedAt: number | undefined;
  await learn(wray, {
    ...presets.walker!,
    ...options,
    generations: generationCount,
    pairs: 4,
    tryEvery: Math.min(16, generationCount),
    tryEpisodes: 16,
    onTrial({ score }) {
      if (score >= options.enough) reachedAt ??= triedAt();
    },
  });
  return reachedAt ?? triedAt();
}
