import type { Place, Step } from "./step.ts";

/**
 * Ends for nobody before it has begun for all: in turn k each tells the one 2^k after it, and hears from the one 2^k before.
 * Source: D. Hensgen, R. Finkel and U. Manber, "Two Algorithms for Barrier Synchronization", 1988.
 */
export function* disseminate({ rank, size }: Place): Generator<Step> {
  for (let distance = 1; distance < size; distance *= 2) {
    yield { kind: "send", to: (rank + distance) % size, start: 0, count: 0 };
    yield { kind: "receive", from: (rank - distance + size) % size, reduces: false, start: 0, count: 0 };
  }
}
