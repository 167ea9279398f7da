/** An owner that says nothing for so long is looked for when it has tasks here, in ms; else after so long … */
const silentMs = 300;
const idleMs = 1_500;
/** … and is dead when nobody is there for so long: one that has lost its connection is back sooner. */
const absentMs = 300;
/** After a reconnect of our own, others are given so long for theirs. */
const graceMs = 2_000;

export type AbsentOwnersDeps = {
  /** Whether anybody listens where an owner should, as far as the server knows. */
  isListening(owner: string): Promise<boolean>;
  /** An owner is dead. */
  died(owner: string): void;
  nowMs(): number;
};

/**
 * Finds the owners of tasks that are dead. One that is merely busy, and so says nothing, still has its connection: that
 * tells them apart at once, where silence alone would take long.
 */
export class AbsentOwners {
  readonly #deps: AbsentOwnersDeps;
  /** Since when nobody is there. */
  readonly #absentMs = new Map<string, number>();
  readonly #asking = new Set<string>();
  #graceUntilMs = 0;

  constructor(deps: AbsentOwnersDeps) {
    this.#deps = deps;
  }

  /** How long an owner may be silent before it is looked for, when it has tasks here, and when it has not. */
  static readonly silentMs = silentMs;
  static readonly idleMs = idleMs;

  /** Our connection was lost, and is back. */
  reconnected(): void {
    this.#graceUntilMs = this.#deps.nowMs() + graceMs;
    this.#absentMs.clear();
  }

  /** Looks for these owners, which are silent, and forgets the others; to be called now and then. */
  look(silent: ReadonlySet<string>): void {
    for (const owner of this.#absentMs.keys()) if (!silent.has(owner)) this.#absentMs.delete(owner);
    if (this.#deps.nowMs() < this.#graceUntilMs) return;
    for (const owner of silent) if (!this.#asking.has(owner)) void this.#ask(owner);
  }

  async #ask(owner: string): Promise<void> {
    const { isListening, nowMs, died } = this.#deps;
    this.#asking.add(owner);
    // Whoever does not know takes it for being there.
    const isThere = await isListening(owner).catch(() => true);
    this.#asking.delete(owner);
    if (isThere || nowMs() < this.#graceUntilMs) {
      this.#absentMs.delete(owner);
      return;
    }
    const sinceMs = this.#absentMs.get(owner) ?? nowMs();
    this.#absentMs.set(owner, sinceMs);
    if (nowMs() - sinceMs < absentMs) return;
    this.#absentMs.delete(owner);
    died(owner);
  }
}
