import type { Client } from "wray";
import { type LearnOptions, learn, type Trial } from "../../../examples/learn-to-run/learn.ts";
import { presets } from "../../../examples/learn-to-run/presets.ts";
import { barred } from "../bar.ts";
import { value, values } from "../figures.ts";
import { startEmbedded } from "../local/setting.ts";
import type { Context, Figure } from "../suite.ts";

const full = { seedCount: 9, enough: 25, pairCount: 24_000 };
const quick = { seedCount: 1, enough: 3, pairCount: 16 };

/** So many pairs lie between two trials, whatever a generation has. */
const triedPairs = 64;

type Way = { name: string; options: Pick<LearnOptions, "pairs" | "overlap" | "quorum"> };

/** The first is what the others are compared with: the barrier with the generations that do best with it. */
const ways: readonly Way[] = [
  { name: "barrier, 4 pairs", options: { pairs: 4 } },
  { name: "overlap 2, 4 pairs", options: { pairs: 4, overlap: 2 } },
  { name: "quorum 0.75, 4 pairs", options: { pairs: 4, quorum: 0.75 } },
  { name: "barrier, 16 pairs", options: { pairs: 16 } },
  { name: "overlap 2, 16 pairs", options: { pairs: 16, overlap: 2 } },
];

/**
 * How long it takes on two workers until the walker gets a score: 25 is some 15 m in 10 s. It is made of two things: how
 * many steps a way learns from until then, which seeds differ in by a factor of three and more, and how many a second
 * it gets, which tells what workers waited.
 */
export async function* noBarrier(context: Context): AsyncIterable<Figure> {
  const { seedCount, enough, pairCount } = context.isQuick ? quick : full;
  const wray = await startEmbedded(context, 2);
  const reached: Trial[][] = ways.map(() => []);
  for (let seed = 1; seed <= seedCount; seed++) {
    for (const [index, { options }] of ways.entries())
      reached[index]!.push(await until(wray, { ...options, seed }, enough, pairCount));
  }
  const seconds = reached.map((trials) => trials.map((trial) => trial.seconds));
  const rates = reached.map((trials) => trials.map(({ steps, seconds }) => steps / seconds));
  const compared = (name: string, unit: string, of: number[][], index: number) =>
    index === 0
      ? value(name, unit, seedCount, of[0]!)
      : values(name, unit, seedCount, {
          turns: of[index]!,
          baseline: { name: ways[0]!.name, turns: of[0]! },
        });
  for (const [index, { name }] of ways.entries()) {
    const figure = compared(`to a score of ${enough}, ${name}`, "s", seconds, index);
    yield index === 1 ? barred(figure, { of: "ratio", atMost: 1 }) : figure;
    const steps = reached[index]!.map((trial) => trial.steps);
    yield value(`steps to a score of ${enough}, ${name}`, "1", seedCount, steps);
    yield compared(`steps, ${name}`, "1/s", rates, index);
  }
}

/** The first trial with the score; when there is none, the last, which makes it no faster than it was. */
async function until(
  wray: Client,
  options: Way["options"] & { seed: number },
  enough: number,
  pairCount: number,
): Promise<Trial> {
  const { pairs = 16 } = options;
  const { trials } = await learn(wray, {
    ...presets.walker!,
    ...options,
    generations: pairCount / pairs,
    tryEvery: triedPairs / pairs,
    tryEpisodes: 16,
    enough,
  });
  return trials.find(({ score }) => score >= enough) ?? trials.at(-1)!;
}
