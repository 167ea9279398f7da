import { randomOf as numbersOf } from "../../scripts/simulate/random.ts";

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

export function randomOf(seed: number): Random {
  const next = numbersOf(seed);
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
  for (const seed of seedsOf(seedCount)) {
    try {
      body(randomOf(seed), seed);
    } catch (error) {
      throw told(error, seed);
    }
  }
}

/** The same for a body that waits; the seeds run one after the other. */
export async function forSeedsInTurn(
  seedCount: number,
  body: (random: Random, seed: number) => Promise<void>,
): Promise<void> {
  for (const seed of seedsOf(seedCount)) {
    await body(randomOf(seed), seed).catch((error) => {
      throw told(error, seed);
    });
  }
}

function seedsOf(seedCount: number): number[] {
  const replay = process.env.WRAY_SEED;
  return replay === undefined ? Array.from({ length: seedCount }, (_, seed) => seed) : [Number(replay)];
}

function told(error: unknown, seed: number): unknown {
  console.error(`failed with seed ${seed}; run it again with WRAY_SEED=${seed}`);
  return error;
}

/** Numbers of ids, given as they are asked for. */
export function numbering(): (id: string) => number {
  const numbers = new Map<string, number>();
  return (id) => {
    const number = numbers.get(id) ?? numbers.size;
    numbers.set(id, number);
    return number;
  };
}
