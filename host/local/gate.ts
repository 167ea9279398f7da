import { schedulingNames, type TaskOptions } from "../../scheduler/client/task-options.ts";
import { KeyLimits } from "../../scheduler/dataflow/key-limits.ts";
import { type HostEntry, lacksOf } from "../../scheduler/placement/host-table.ts";
import { cpuOf, defaultNeed, keyOf, Ledger } from "../../scheduler/placement/resources.ts";
import type { Resources } from "../../scheduler/protocol/messages.ts";
import { expired, missedDeadline } from "../../scheduler/queue/expired.ts";
import { agingMs, FairQueue } from "../../scheduler/queue/fair-queue.ts";
import { passingMs } from "../../scheduler/queue/host-queue.ts";
import { infeasible } from "../../scheduler/queue/placer.ts";
import type { Call } from "../pool/call.ts";
import type { GatedTask } from "./gated-task.ts";

/** When a task may start, and by when it has to, by its options. */
export type Gating = {
  need: Resources;
  priority: number;
  ttlMs: number | undefined;
  deadlineMs: number | undefined;
  key: string | undefined;
  maxConcurrent: number | undefined;
  /** What this host does not have of what the task asks for. */
  lacks: readonly string[];
};

/** What an actor has of the host for as long as it is there. */
export type Holding = { readonly need: Resources };

/** An actor that waits for that: it can begin, or the client is shut down. */
type HoldingWaiter = { begin(): void; fail(error: Error): void };

/** How often it is looked after what waits, and may be too late. */
const tickMs = 10;

/** What a gate asks of its host's workers. */
type Workers = {
  /** How many calls have not ended, and which is the next that is to begin. */
  readonly size: number;
  readonly next: Pick<Call, "number"> | undefined;
  hasBegun(task: GatedTask): boolean;
};

export type GateDeps = {
  cpus: number;
  /** What the host is called, and offers. */
  host: Pick<HostEntry, "id" | "resources" | "labels">;
  workers: Workers;
  infeasibleAfterMs: number;
  fail(task: GatedTask, error: Error): void;
};

/**
 * Where tasks of an embedded host wait whose options say when they may start; all others go to the pool at once, and
 * count as of priority 0. A task leaves the gate when what it takes is free and it is its turn, also beside those; then
 * it is the next that begins. So what waits in the pool keeps nobody from what it has taken.
 */
export class Gate {
  readonly #deps: GateDeps;
  readonly #ledger: Ledger;
  readonly #queue = new FairQueue<GatedTask>();
  readonly #keys = new KeyLimits<GatedTask>();
  readonly #held = new Set<Holding>();
  readonly #wanted = new Map<Holding, HoldingWaiter>();
  /** Those that the pool does not have, though all that they take is there. */
  readonly #waiting = new Set<GatedTask>();
  /** Those that may come to be too late. */
  readonly #timed = new Set<GatedTask>();
  #ticker: NodeJS.Timeout | undefined;
  /** Since when calls wait in the pool, and may be overtaken. */
  #passedMs: number | undefined;

  constructor(deps: GateDeps) {
    this.#deps = deps;
    this.#ledger = new Ledger(deps.host.resources);
  }

  /** What the options of a task ask for; undefined when it may start whenever there is a worker. */
  gatingOf(options: TaskOptions): Gating | undefined {
    // What should be so is not looked for where there is no choice.
    if (!schedulingNames.some((name) => name !== "prefer" && options[name] !== undefined)) return undefined;
    const { resources, labels, host, priority = 0, ttlMs, deadlineMs, key, maxConcurrent } = options;
    const need = resources === undefined ? defaultNeed : { ...defaultNeed, ...resources };
    const lacks = lacksOf(this.#deps.host, { need, labels, ...(host !== undefined && { host }) });
    return { need, priority, ttlMs, deadlineMs, key, maxConcurrent, lacks };
  }

  /** What this host does not have of a need. */
  lacks(need: Resources): string[] {
    return lacksOf(this.#deps.host, { need });
  }

  /** Takes what an actor is to have, before the tasks that wait: now, or when it is free. Then the actor begins. */
  hold(holding: Holding, waiter: HoldingWaiter): void {
    this.#wanted.set(holding, waiter);
    this.#fillHoldings();
  }

  /** Gives it back, or ends the wait for it. */
  letGo(holding: Holding): void {
    this.#wanted.delete(holding);
    if (!this.#held.delete(holding)) return;
    this.#ledger.give(holding.need);
    this.#fill(performance.now());
  }

  /** Those that wait here. */
  get waiting(): Iterable<GatedTask> {
    return this.#waiting;
  }

  /** A task was submitted; what it takes may be missing yet. */
  submitted(task: GatedTask): void {
    if (task.dueMs !== undefined) this.#time(task);
  }

  /** All that a task takes is there: it starts when it may. */
  enter(task: GatedTask): void {
    this.#waiting.add(task);
    this.#tickOn();
    if (this.#keys.admit(task)) this.#admitted(task);
  }

  /** Its result is decided. */
  decided(task: GatedTask): void {
    this.#timed.delete(task);
    this.#waiting.delete(task);
    if (!task.isAdmitted) return;
    for (const next of this.#keys.ended(task)) this.#admitted(next);
  }

  /** The pool has done with it. */
  left(task: GatedTask): void {
    this.#ledger.give(task.need);
    this.#fill(performance.now());
  }

  /** A task that runs waits for tasks of its own, and needs no cpu until it goes on. */
  blocked({ need }: GatedTask): void {
    this.#ledger.give(cpuOf(need));
    this.#fill(performance.now());
  }

  /** It goes on at once, even if all cpus are taken. */
  resumed({ need }: GatedTask): void {
    this.#ledger.take(cpuOf(need));
  }

  /** Starts what may start by now, and ends what is too late; to be called now and then. */
  tick(): void {
    const nowMs = performance.now();
    for (const task of this.#timed) {
      const error = this.#tooLate(task, nowMs);
      if (error !== undefined) this.#deps.fail(task, error);
    }
    this.#fill(nowMs);
    if (this.#timed.size > 0 || this.#waiting.size > 0) return;
    clearInterval(this.#ticker);
    this.#ticker = undefined;
  }

  /** Nothing more begins: this is what ends the actors that wait. */
  failWaiting(error: Error): void {
    for (const waiter of [...this.#wanted.values()]) waiter.fail(error);
  }

  close(): void {
    clearInterval(this.#ticker);
  }

  /** Its key, if it has one, lets it go. */
  #admitted(task: GatedTask): void {
    const nowMs = performance.now();
    task.isAdmitted = true;
    task.queuedMs = nowMs;
    const isUnable = task.gating.lacks.length > 0;
    if (isUnable || task.expiresMs !== undefined) this.#time(task);
    if (isUnable) return;
    this.#queue.push(task);
    this.#fill(nowMs);
  }

  /** In their order: one that needs much is not overtaken by others for ever. */
  #fillHoldings(): void {
    for (const [holding, waiter] of this.#wanted) {
      if (!this.#ledger.fits(holding.need)) return;
      this.#wanted.delete(holding);
      this.#held.add(holding);
      this.#ledger.take(holding.need);
      waiter.begin();
    }
  }

  #fill(nowMs: number): void {
    this.#fillHoldings();
    const fits = (task: GatedTask) =>
      task.hasEnded || (this.#ledger.fits(task.need) && this.#isItsTurn(task, nowMs));
    const isUrgent = (task: GatedTask) => nowMs - task.queuedMs > passingMs;
    for (;;) {
      const task = this.#queue.take(nowMs, fits, isUrgent);
      if (task === undefined) return;
      if (!task.hasEnded) this.#start(task);
    }
  }

  /** Whether it is a task's turn beside those that are in the pool, which are of priority 0 and go in their order. */
  #isItsTurn({ priority, number, queuedMs }: GatedTask, nowMs: number): boolean {
    const { workers, cpus } = this.#deps;
    const { next } = workers;
    if (next === undefined) this.#passedMs = undefined;
    else this.#passedMs ??= nowMs;
    if (workers.size < cpus) return true;
    // Who waits counts as one higher with each second, here and there.
    if (priority > 0 && priority > agedBy(nowMs - (this.#passedMs ?? nowMs))) return true;
    if (priority < 0 && -priority > agedBy(nowMs - queuedMs)) return false;
    return next === undefined || number < next.number;
  }

  #start(task: GatedTask): void {
    this.#waiting.delete(task);
    this.#ledger.take(task.need);
    task.launch();
  }

  #time(task: GatedTask): void {
    this.#timed.add(task);
    this.#tickOn();
  }

  #tickOn(): void {
    this.#ticker ??= setInterval(() => this.tick(), tickMs);
  }

  /** Why a task is too late, if it is. */
  #tooLate(task: GatedTask, nowMs: number): Error | undefined {
    const { infeasibleAfterMs, host, workers } = this.#deps;
    const { gating, dueMs, expiresMs } = task;
    const { label } = task.site;
    if (dueMs !== undefined && dueMs <= nowMs) return missedDeadline(label, gating.deadlineMs!);
    if (!task.isAdmitted) return undefined;
    if (expiresMs !== undefined && expiresMs <= nowMs && !workers.hasBegun(task)) return expired(label);
    if (gating.lacks.length === 0 || nowMs - task.queuedMs <= infeasibleAfterMs) return undefined;
    return infeasible(
      { label, need: gating.need },
      [{ id: host.id, lacks: [...gating.lacks] }],
      infeasibleAfterMs,
    );
  }
}

const agedBy = (waitedMs: number) => Math.floor(waitedMs / agingMs);

/** The text by which those are known that need the same. */
export const shapeOf = ({ need }: Gating): string => (need === defaultNeed ? "" : keyOf(need));
