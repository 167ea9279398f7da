/** What came of a perturbation of the parameters: the scores with it added, and with it taken away. */
export type Pair = { plus: number; minus: number };

/**
 * Augmented random search (Mania, Guy and Recht, "Simple random search provides a competitive approach to reinforcement
 * learning", 2018, version V1-t): only the `top` pairs with the best of their two scores count, each by the difference
 * of the two, and the step is as long whatever scores are like, since it is divided by their standard deviation.
 * @returns by how much of each perturbation the parameters change
 */
export function searchWeights(pairs: readonly Pair[], rate: number, top: number): Float64Array {
  const best = pairs
    .map(({ plus, minus }, index) => ({ index, score: Math.max(plus, minus) }))
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, top)
    // In their own order again, so that all sums are the same, whatever the scores.
    .map(({ index }) => index)
    .sort((a, b) => a - b);
  const scores = best.flatMap((index) => [pairs[index]!.plus, pairs[index]!.minus]);
  const deviation = deviationOf(scores);
  const weights = new Float64Array(pairs.length);
  // Where all scores are the same, there is nothing to learn.
  if (!(deviation > 0)) return weights;
  for (const index of best) {
    const { plus, minus } = pairs[index]!;
    weights[index] = (rate / (best.length * deviation)) * (plus - minus);
  }
  return weights;
}

/**
 * Evolution strategies (Salimans and others, "Evolution strategies as a scalable alternative to reinforcement learning",
 * 2017): each score counts by its rank among all, from -½ for the worst to ½ for the best, so that one that is far out
 * counts no more than another.
 * @returns by how much of each perturbation the parameters change
 */
export function strategyWeights(pairs: readonly Pair[], rate: number): Float64Array {
  const ranked = pairs
    .flatMap(({ plus, minus }, index) => [
      { index, sign: 1, score: plus },
      { index, sign: -1, score: minus },
    ])
    .sort((a, b) => a.score - b.score || a.index - b.index || a.sign - b.sign);
  const weights = new Float64Array(pairs.length);
  for (const [rank, { index, sign }] of ranked.entries()) {
    weights[index]! += (rate / pairs.length) * sign * (rank / (ranked.length - 1) - 0.5);
  }
  return weights;
}

function deviationOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
