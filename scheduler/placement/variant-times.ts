/** A way to run a task: one of its variants on one host. */
export type Way = {
  /** The variant with the size of what it takes, by which its time is known. */
  timedAs: string;
  hostId: string;
  /** What it costs beside running, in ms. */
  otherMs: number;
};

type Known = { count: number; ms: number };

/** Many may be submitted before the first is measured: no more than these are to find out. */
const mostTries = 2;
/** The mean follows the last measurements, so many of them. */
const remembered = 10;
/** One in so many goes to the variant that was measured least, since things change. */
const tryAgainEvery = 64;

/**
 * How long the variants of kernels run, by what was measured: by host, and of hosts that have not run one by all. Of two
 * variants, none is known to be better before both have run, so each is tried; its first run counts only until there is a
 * second one, as it may have compiled something.
 */
export class VariantTimes {
  readonly #known = new Map<string, Known>();
  readonly #tries = new Map<string, number>();
  #pickCount = 0;

  /** Takes in that so many tasks ran on a host, so long together. Of what was never picked, nobody wants to know. */
  measured(timedAs: string, hostId: string, ranMs: number, count = 1): void {
    if (!this.#tries.has(timedAs)) return;
    for (const key of [timedAs, `${timedAs} ${hostId}`]) {
      const known = this.#known.get(key);
      const meanMs = ranMs / count;
      if (known === undefined) {
        this.#known.set(key, { count, ms: meanMs });
        continue;
      }
      const kept = known.count === 1 ? 0 : Math.min(known.count, remembered);
      known.ms = (known.ms * kept + meanMs * count) / (kept + count);
      known.count += count;
    }
  }

  /** How long it is thought to run, in ms; undefined when none has. */
  runMs(timedAs: string, hostId: string): number | undefined {
    return (this.#known.get(`${timedAs} ${hostId}`) ?? this.#known.get(timedAs))?.ms;
  }

  /** The way that costs least; or, now and then, one of which too little is known. */
  pick<W extends Way>(ways: readonly W[]): W {
    this.#pickCount++;
    const untried = ways.find((way) => this.#isToBeTried(way));
    if (untried !== undefined) {
      this.#tries.set(untried.timedAs, (this.#tries.get(untried.timedAs) ?? 0) + 1);
      return untried;
    }
    const isLookingAgain = this.#pickCount % tryAgainEvery === 0;
    const costOf = (way: W) =>
      isLookingAgain
        ? (this.#known.get(way.timedAs)?.count ?? 0)
        : way.otherMs + (this.runMs(way.timedAs, way.hostId) ?? Number.POSITIVE_INFINITY);
    return ways.reduce((best, way) => (costOf(way) < costOf(best) ? way : best));
  }

  /** One run says little: it may have been the first. */
  #isToBeTried({ timedAs }: Way): boolean {
    return (this.#known.get(timedAs)?.count ?? 0) < mostTries && (this.#tries.get(timedAs) ?? 0) < mostTries;
  }
}

/** Tasks that take as much, within a factor of two, are thought to run as long. */
export const sizeClassOf = (bytes: number): number => Math.floor(Math.log2(bytes + 1));
