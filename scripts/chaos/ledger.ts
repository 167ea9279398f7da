/** What was done to the cluster. */
export type FaultKind =
  | "host killed"
  | "host frozen"
  | "host restarted"
  | "worker ended"
  | "server restarted";

export type Fault = {
  kind: FaultKind;
  hostId: string | undefined;
  atMs: number;
  /** When the client had noticed that the host was gone. */
  detectedMs?: number;
  /** When all that was under way at the fault was done. */
  recoveredMs?: number;
};

/** What has come of the work so far. */
export class Ledger {
  readonly faults: Fault[] = [];
  /** Rounds of each workload that are done and right. */
  readonly rounds = new Map<string, number>();
  readonly losses: string[] = [];
  taskCount = 0;
  /** Rounds under way, each with the faults that it has seen. */
  readonly #under = new Set<Fault[]>();
  readonly #missing = new Map<Fault, number>();

  fault(kind: FaultKind, hostId?: string): Fault {
    const fault: Fault = { kind, hostId, atMs: performance.now() };
    this.faults.push(fault);
    for (const seen of this.#under) seen.push(fault);
    this.#missing.set(fault, this.#under.size);
    return fault;
  }

  /** Runs one round of a workload, and writes down what came of it. */
  async round(name: string, taskCount: number, run: () => Promise<void>): Promise<void> {
    const seen: Fault[] = [];
    this.#under.add(seen);
    try {
      await run();
      this.rounds.set(name, (this.rounds.get(name) ?? 0) + 1);
      this.taskCount += taskCount;
    } catch (error) {
      this.losses.push(`${name}: ${describe(error as Error)}`);
    } finally {
      this.#under.delete(seen);
      for (const fault of seen) this.#ended(fault);
    }
  }

  #ended(fault: Fault): void {
    const left = this.#missing.get(fault)! - 1;
    this.#missing.set(fault, left);
    if (left === 0) fault.recoveredMs = performance.now();
  }
}

const describe = (error: Error & { code?: string }): string =>
  [error.code, error.message, (error.cause as Error | undefined)?.message].filter(Boolean).join(": ");
