import { latencies } from "../figures.ts";
import { byTurns, check, oneByOneUs } from "../measure.ts";
import { readShipped } from "../shipped.ts";
import type { Context, Figure } from "../suite.ts";
import { startEmbedded } from "./setting.ts";

const full = { turnCount: 3, longCount: 3, longMs: 1_000, shortUs: 10, warmUpCount: 3_000 };
const quick = { turnCount: 1, longCount: 1, longMs: 50, shortUs: 10, warmUpCount: 10 };

/** Short tasks one by one while another of two workers always runs a long one, beside the same with both workers free. */
export async function* besideLong(context: Context): AsyncIterable<Figure> {
  const { turnCount, longCount, longMs, shortUs, warmUpCount } = context.isQuick ? quick : full;
  const plain = await plainPi();
  const termsPerUs = usualTermsPerUs(plain);
  const [shortTerms, longTerms] = [shortUs, longMs * 1_000].map((us) => Math.ceil(us * termsPerUs));
  const wray = await startEmbedded(context, 2);
  const pi = await wray.remote("math/pi");
  const taskOf = (terms: number) => {
    const expected = plain(terms);
    return async () => check("math/pi", await wray.get(pi.remote(terms)), expected);
  };
  const [short, long] = [taskOf(shortTerms!), taskOf(longTerms!)];

  let sampleCount = warmUpCount;
  const beside = async () => {
    let isOver = false;
    const saturated = (async () => {
      for (let count = 0; count < longCount; count++) await long();
    })().finally(() => {
      isOver = true;
    });
    // When the bench is interrupted, the short tasks fail as well.
    saturated.catch(() => {});
    const samplesUs: number[] = [];
    while (!isOver) samplesUs.push(...(await oneByOneUs(1, short)));
    await saturated;
    sampleCount = samplesUs.length;
    return samplesUs;
  };
  await oneByOneUs(warmUpCount, short);
  const compared = await byTurns(turnCount, beside, {
    name: "both workers free",
    measure: () => oneByOneUs(sampleCount, short),
  });
  yield* latencies(`task of ${shortUs} µs beside tasks of ${longMs.toLocaleString("en")} ms`, "µs", compared);
}

type Pi = (terms: number) => number;

async function plainPi(): Promise<Pi> {
  const module = await WebAssembly.compile(await readShipped("math"));
  const { exports } = new WebAssembly.Instance(module, { env: { abort() {} } });
  // Its parameter is optional: the compiler wants to be told that there is one.
  (exports.__setArgumentsLength as (count: number) => void)(1);
  return exports.pi as Pi;
}

function usualTermsPerUs(pi: Pi): number {
  const terms = 1_000_000;
  pi(terms);
  const startMs = performance.now();
  pi(terms);
  return terms / ((performance.now() - startMs) * 1_000);
}
