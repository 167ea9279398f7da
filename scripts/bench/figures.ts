import { median, percentile } from "./percentile.ts";
import type { Figure } from "./suite.ts";

/** What was measured in turns: of each turn, its samples or its one figure. */
export type Compared<T> = { turns: T[]; baseline: { name: string; turns: T[] } };

/** Two rows of latencies: the measured one beside its baseline, then the baseline by itself. */
export function latencies(
  name: string,
  unit: string,
  { turns, baseline }: Compared<number[]>,
): [Figure, Figure] {
  const p50s = turns.map(median);
  const baselineP50s = baseline.turns.map(median);
  return [
    {
      ...latency(name, unit, turns),
      baseline: baseline.name,
      baselineValue: median(baselineP50s),
      ratio: median(p50s.map((p50, turn) => p50 / baselineP50s[turn]!)),
    },
    latency(baseline.name, unit, baseline.turns),
  ];
}

/** Latencies without a baseline: the median of the turns' p50s, and p99 of all samples. */
export function latency(name: string, unit: string, turns: number[][]): Figure {
  const samples = turns.flat();
  return {
    ...plain(name, unit, samples.length),
    p50: median(turns.map(median)),
    p99: percentile(samples, 99),
  };
}

/** A rate or a cost that has one figure a turn; `n` samples went into them all. */
export function value(name: string, unit: string, n: number, turns: number[]): Figure {
  return { ...plain(name, unit, n), value: median(turns) };
}

/** The same beside its baseline. */
export function values(name: string, unit: string, n: number, { turns, baseline }: Compared<number>): Figure {
  return {
    ...value(name, unit, n, turns),
    baseline: baseline.name,
    baselineValue: median(baseline.turns),
    ratio: median(turns.map((figure, turn) => figure / baseline.turns[turn]!)),
  };
}

const plain = (name: string, unit: string, n: number): Figure => ({
  name,
  unit,
  p50: null,
  p99: null,
  value: null,
  baseline: null,
  baselineValue: null,
  ratio: null,
  bar: null,
  n,
});
