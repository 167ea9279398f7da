/** What the policy looks at in an object. */
export type Candidate = {
  readonly byteLength: number;
  /** What would be free without it. */
  readonly memoryBytes: number;
  readonly isEvictable: boolean;
  /** Whether its bytes need not be written. */
  readonly isElsewhere: boolean;
};

export type SpillPlan<Item> = {
  /** Those whose bytes are on disk already, or elsewhere. */
  evict: Item[];
  /** Those whose bytes are to be written, each list into a file of its own. */
  writes: Item[][];
};

/** Objects are written together up to this: a write has a price of its own, and a file holds a descriptor open. */
export const fusedBytes = 8 * 1024 * 1024;

/** Which objects have to go so that so many bytes of memory become free, as far as that is possible. */
export function planSpill<Item extends Candidate>(
  leastRecentFirst: Iterable<Item>,
  bytes: number,
): SpillPlan<Item> {
  const plan: SpillPlan<Item> = { evict: [], writes: [] };
  let leftBytes = bytes;
  let roomBytes = 0;
  for (const object of leastRecentFirst) {
    if (leftBytes <= 0) break;
    if (!object.isEvictable) continue;
    leftBytes -= object.memoryBytes;
    if (object.isElsewhere) {
      plan.evict.push(object);
      continue;
    }
    if (object.byteLength > roomBytes) {
      plan.writes.push([]);
      roomBytes = fusedBytes;
    }
    plan.writes.at(-1)!.push(object);
    roomBytes -= object.byteLength;
  }
  return plan;
}
