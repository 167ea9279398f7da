/** A source of chance that gives the same sequence for the same seed. */
export type Random = {
  /** A number from 0 to below 1. */
  next(): number;
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number;
  /** Whether something of this probability happens. */
  happens(probability: number): boolean;
  /** One of the items, each alike. */
  pick<T>(items: readonly T[]): T;
};

/** Source: mulberry32, by T. Ettinger, in the public domain. */
export function randomOf(seed: number): Random {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    next,
    below,
    happens: (probability) => next() < probability,
    pick: (items) => items[below(items.length)]!,
  };
}

/** Runs `body` once for each seed, or for `WRAY_SEED` alone; a failure says how to run its seed again. */
export function forSeeds(seedCount: number, body: (random: Random, seed: number) => void): void {
  const replay = process.env.WRAY_SEED;
  const seeds =
    replay === undefined ? Array.from({ length: seedCount }, (_, seed) => seed) : [Number(replay)];
  for (const seed of seeds) {
    try {
      body(randomOf(seed), seed);
    } catch (error) {
      console.error(`failed with seed ${seed}; run it again with WRAY_SEED=${seed}`);
      throw error;
    }
  }
}
