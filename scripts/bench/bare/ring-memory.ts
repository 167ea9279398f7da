/** The slots of a ring; a batch of 10,000 fits, so nothing ever waits for room. */
export const slotCount = 16_384;
const slotMask = slotCount - 1;

/** Words of `control`, each in a cache line of its own. */
export const words = {
  /** How many tasks the driver has published. Not before 2^31 does it wrap, which no run gets to. */
  submitted: 0,
  /** How many of them the worker has done. */
  completed: 16,
  /** 1 while the worker sleeps, or is about to. */
  isAsleep: 32,
  /** 1 while the driver wants to be told of the next completion. */
  isAwaited: 48,
} as const;

/** A pair of rings: task n has its arguments and its result in slot n of each. */
export type RingMemory = {
  control: Int32Array;
  /** Two numbers a slot. */
  args: Float64Array;
  /** One number a slot. */
  results: Float64Array;
};

export function ringMemory(): RingMemory {
  return {
    control: new Int32Array(new SharedArrayBuffer(64 * 4)),
    args: new Float64Array(new SharedArrayBuffer(slotCount * 16)),
    results: new Float64Array(new SharedArrayBuffer(slotCount * 8)),
  };
}

export const slotOf = (index: number): number => index & slotMask;
