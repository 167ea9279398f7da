/** Memory that is given back is missed by the system a while later. */
const settleMs = 300;

export type MemoryGuardDeps = {
  /** The most memory that this process may have, in bytes. */
  limitBytes: number;
  /** How much it has. */
  usedBytes(): number;
  /** Gives back what nobody needs now. */
  relieve(): void;
  /** Ends the task that has run for the shortest time, to be run again later or elsewhere. False when there is none. */
  shed(): boolean;
  nowMs(): number;
};

/**
 * Keeps a host within its memory: past the limit, it takes no more tasks, gives back what it can, and when that is not
 * enough, ends its newest task, one after the other. The oldest has done most of its work, and so is the last to go.
 */
export class MemoryGuard {
  readonly #deps: MemoryGuardDeps;
  #actedMs = Number.NEGATIVE_INFINITY;
  #isRelieved = false;
  #isOver = false;

  constructor(deps: MemoryGuardDeps) {
    this.#deps = deps;
  }

  /** Whether there is no memory for more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** To be called often. */
  tick(): void {
    const { limitBytes, usedBytes, relieve, shed, nowMs } = this.#deps;
    this.#isOver = usedBytes() > limitBytes;
    if (!this.#isOver) {
      this.#isRelieved = false;
      return;
    }
    if (nowMs() - this.#actedMs < settleMs) return;
    this.#actedMs = nowMs();
    if (this.#isRelieved) shed();
    else relieve();
    this.#isRelieved = true;
  }
}
