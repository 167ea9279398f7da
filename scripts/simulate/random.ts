/**
 * Random numbers from 0 to below 1, the same for the same seed.
 * Source: Mulberry32, by Tommy Ettinger, public domain.
 */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A normally distributed number. Source: G. Box, M. Muller, 1958. */
export const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Times between events that happen at random, so many a ms. */
export const gapMs = (random: () => number, perMs: number): number => -Math.log(1 - random()) / perMs;
