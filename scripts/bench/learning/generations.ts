import type { Client } from "wray";
import { type Learning, learn } from "../../../examples/learn-to-run/learn.ts";
import { presets } from "../../../examples/learn-to-run/presets.ts";
import { value, values } from "../figures.ts";
import { startEmbedded } from "../local/setting.ts";
import { check } from "../measure.ts";
import type { Context, Figure } from "../suite.ts";
import { plainClient } from "./plain-client.ts";

const full = { turnCount: 7, generationCount: 25 };
const quick = { turnCount: 1, generationCount: 1 };

/** Steps a second of whole generations, beside the same learning in one thread without a runtime. */
export async function* generations(context: Context): AsyncIterable<Figure> {
  const { turnCount, generationCount } = context.isQuick ? quick : full;
  const run = (wray: Client) =>
    learn(wray, {
      ...presets.walker!,
      generations: generationCount,
      tryEvery: generationCount,
      tryEpisodes: 1,
    });
  const { wray: plain } = await plainClient();
  const [one, two] = [await startEmbedded(context, 1), await startEmbedded(context, 2)];
  const clients = [plain, one, two];
  for (const client of clients) await run(client);
  const turns: [number[], number[], number[]] = [[], [], []];
  let stepCount = 0;
  for (let turn = 0; turn < turnCount; turn++) {
    const learned: Learning[] = [];
    for (const client of clients) learned.push(await run(client));
    for (const [index, { last, seconds, trials }] of learned.entries()) {
      check("what is learned", last.join(), learned[0]!.last.join());
      stepCount = trials.at(-1)!.steps;
      turns[index]!.push(stepCount / seconds);
    }
  }
  const n = turnCount * stepCount;
  const baseline = { name: "no runtime, 1 thread", turns: turns[0] };
  yield values("steps of learning, 1 worker", "1/s", n, { turns: turns[1], baseline });
  yield values("steps of learning, 2 workers", "1/s", n, { turns: turns[2], baseline });
  yield value("steps of learning, no runtime", "1/s", n, turns[0]);
}
