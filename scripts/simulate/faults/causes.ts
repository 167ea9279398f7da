import type { Process } from "./process.ts";
import type { Submitted } from "./task.ts";

/** Something that can have cost hosts the tasks and objects that they had, from then until then, and a while. */
export type Loss = {
  atMs: number;
  untilMs: number;
  /** It can have cost a client all its hosts at once. */
  isOfClient: boolean;
};

/** What a run has seen of faults, by which it is told whether an error has a reason. */
export type Causes = {
  losses: readonly Loss[];
  /** Clients that others may have taken for dead, from then on. */
  absences: readonly { process: Process; atMs: number }[];
  /** How many hosts have left in order. */
  leaveCount: number;
  /** How often the workers of each task have died. */
  crashes: ReadonlyMap<string, number>;
};

/** How long after it is over a loss is noticed at the latest: by who was cut off as well, and has to hear of it. */
const noticedMs = 3_000;

/** Says which errors the faults of a run can explain. */
export class Explained {
  readonly #causes: Causes;
  /** What is known already, by the tasks and the times. */
  readonly #known = new Map<number, Map<Submitted, Set<string>>>();

  constructor(causes: Causes) {
    this.#causes = causes;
  }

  /** The errors that a task may have come to by then: its own, and those of what it takes. */
  reasonsOf(task: Submitted, atMs: number): Set<string> {
    const known = this.#known.get(atMs) ?? new Map<Submitted, Set<string>>();
    this.#known.set(atMs, known);
    const before = known.get(task);
    if (before !== undefined) return before;
    const codes = new Set(task.mayFailWith);
    known.set(task, codes);
    if (task.kernel === "borrowed") this.#addOfBorrowed(task, atMs, codes);
    else if (task.kernel === "put") this.#addOfPut(task, atMs, codes);
    else this.#addOfTask(task, atMs, codes);
    for (const taken of task.takes) for (const code of this.reasonsOf(taken, atMs)) codes.add(code);
    return codes;
  }

  #addOfTask(task: Submitted, atMs: number, codes: Set<string>): void {
    const { id, client, maxRetries, takes, kernel, startMs } = task;
    const { crashes } = this.#causes;
    // When its client was away, all hosts have forgotten it, and it may be sent from one to the next before these say so.
    const lossCount = this.#isAway(client.process, atMs)
      ? Number.POSITIVE_INFINITY
      : this.#losses(startMs, atMs).length;
    const crashCount = crashes.get(id) ?? 0;
    // Each other loss and each crash has cost at most one of its attempts.
    if (lossCount + crashCount > maxRetries) {
      if (lossCount > 0) codes.add("HOST_DIED").add("OBJECT_LOST");
      if (crashCount > 0) codes.add("WORKER_CRASHED");
    }
    // Those that a nested task submits are not seen here; they may lose as often.
    if (kernel === "nested") {
      if (lossCount > 0) codes.add("HOST_DIED");
      if (crashes.size > 0) codes.add("WORKER_CRASHED");
    }
    // It is made again as long as that is so, and what was put cannot be once nobody holds it.
    const isGone = takes.some(({ kernel, isDropped }) => kernel === "put" && isDropped);
    if (lossCount > 0 && (isGone || kernel === "items")) codes.add("OBJECT_LOST");
  }

  /** It is on hosts that are lost at once, or on the last one of those that are left. */
  #addOfPut({ maxRetries, startMs }: Submitted, atMs: number, codes: Set<string>): void {
    if (!Number.isFinite(maxRetries)) return;
    const losses = this.#losses(startMs, atMs);
    const isShort = losses.length > 0 && losses.length + this.#causes.leaveCount > maxRetries;
    if (isShort || losses.some(({ isOfClient }) => isOfClient)) codes.add("OBJECT_LOST");
  }

  /** Its owner is gone, or had let go of it before it was asked. */
  #addOfBorrowed({ takes }: Submitted, atMs: number, codes: Set<string>): void {
    const [source] = takes;
    if (this.#isAway(ownerOf(source!).client.process, atMs)) codes.add("OWNER_DIED");
    if (source!.isDropped) codes.add("OBJECT_LOST");
  }

  #isAway(client: Process, byMs: number): boolean {
    return this.#causes.absences.some(({ process, atMs }) => process === client && atMs < byMs);
  }

  /** What can have cost it something from one time to another. */
  #losses(fromMs: number, toMs: number): Loss[] {
    return this.#causes.losses.filter(({ atMs, untilMs }) => atMs <= toMs && untilMs + noticedMs >= fromMs);
  }
}

/** What its owner has of what may be borrowed. */
const ownerOf = (task: Submitted): Submitted => (task.kernel === "borrowed" ? ownerOf(task.takes[0]!) : task);
