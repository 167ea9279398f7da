/** What was done to the cluster. */
export type FaultKind =
  | "host killed"
  | "host frozen"
  | "host restarted"
  | "worker ended"
  | "server restarted";

/** Jobs are told apart: what a host had of them, others get after 3 s. */
export type WorkKind = "tasks" | "jobs";

export type Fault = {
  kind: FaultKind;
  hostId: string | undefined;
  atMs: number;
  /** When what was wrong was over: the host was back, or went on. */
  mendedMs?: number;
  /** When the host counted as dead, and its tasks had gone elsewhere. */
  detectedMs?: number;
  /** When all of a kind that was under way at the fault was done. */
  doneMs: { [Kind in WorkKind]?: number };
};

export type Work = { name: string; kind: WorkKind /** How many tasks a round has. */; taskCount: number };

/** What has come of the work so far. */
export class Ledger {
  readonly faults: Fault[] = [];
  /** Rounds of each workload that are done and right. */
  readonly rounds = new Map<string, number>();
  readonly losses: string[] = [];
  taskCount = 0;
  /** Rounds under way, each with the faults that it has seen. */
  readonly #underWay = { tasks: new Set<Fault[]>(), jobs: new Set<Fault[]>() };
  /** How many of the rounds that were under way at a fault still are. */
  readonly #missing = { tasks: new Map<Fault, number>(), jobs: new Map<Fault, number>() };

  fault(kind: FaultKind, hostId?: string): Fault {
    const fault: Fault = { kind, hostId, atMs: performance.now(), doneMs: {} };
    this.faults.push(fault);
    for (const work of ["tasks", "jobs"] as const) {
      const underWay = this.#underWay[work];
      for (const seen of underWay) seen.push(fault);
      this.#missing[work].set(fault, underWay.size);
    }
    return fault;
  }

  /** Runs one round of a workload, and writes down what came of it. */
  async round({ name, kind, taskCount }: Work, run: () => Promise<void>): Promise<void> {
    const seen: Fault[] = [];
    this.#underWay[kind].add(seen);
    try {
      await run();
      this.rounds.set(name, (this.rounds.get(name) ?? 0) + 1);
      this.taskCount += taskCount;
    } catch (error) {
      this.losses.push(`${name}: ${describe(error as Error)}`);
    } finally {
      this.#underWay[kind].delete(seen);
      for (const fault of seen) this.#ended(kind, fault);
    }
  }

  #ended(kind: WorkKind, fault: Fault): void {
    const left = this.#missing[kind].get(fault)! - 1;
    this.#missing[kind].set(fault, left);
    if (left === 0) fault.doneMs[kind] = performance.now();
  }
}

const describe = (error: Error & { code?: string }): string =>
  [error.code, error.message, (error.cause as Error | undefined)?.message].filter(Boolean).join(": ");
