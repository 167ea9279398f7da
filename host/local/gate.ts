import { schedulingNames, type TaskOptions } from "../../scheduler/client/task-options.ts";
import { KeyLimits } from "../../scheduler/dataflow/key-limits.ts";
import { type HostEntry, lacksOf } from "../../scheduler/placement/host-table.ts";
import { defaultNeed, keyOf } from "../../scheduler/placement/resources.ts";
import type { Resources } from "../../scheduler/protocol/messages.ts";
import { expired, missedDeadline } from "../../scheduler/queue/expired.ts";
import { agingMs } from "../../scheduler/queue/fair-queue.ts";
import { HostQueue } from "../../scheduler/queue/host-queue.ts";
import { infeasible } from "../../scheduler/queue/placer.ts";
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

/** How often it is looked after what may be too late. */
const tickMs = 10;

/** What a gate asks of its host's workers. */
type Workers = { readonly hasWaiting: boolean; hasBegun(task: GatedTask): boolean };

export type GateDeps = {
  /** The host itself: what it is called, and offers. */
  host: Pick<HostEntry, "id" | "resources" | "labels">;
  workers: Workers;
  infeasibleAfterMs: number;
  fail(task: GatedTask, error: Error): void;
};

/**
 * Where tasks of an embedded host wait whose options say when they may start; all others go to the pool at once. No more
 * of these are in the pool than what they take is there, so that their order is decided here; what of them is urgent goes
 * ahead of all others in the pool, and the rest takes its place behind them.
 */
export class Gate {
  readonly #deps: GateDeps;
  readonly #queue: HostQueue<GatedTask>;
  readonly #keys = new KeyLimits<GatedTask>();
  /** Those that the pool does not have, though all that they take is there. */
  readonly #waiting = new Set<GatedTask>();
  /** Those that may come to be too late. */
  readonly #timed = new Set<GatedTask>();
  #ticker: NodeJS.Timeout | undefined;
  /** Since when others wait in the pool that are no more urgent than any. */
  #passedMs: number | undefined;

  constructor(deps: GateDeps) {
    this.#deps = deps;
    this.#queue = new HostQueue({
      resources: deps.host.resources,
      // None goes ahead: what is short has no need of options.
      typicalMs: () => Number.POSITIVE_INFINITY,
      start: (task) => this.#start(task),
      expired: () => {},
    });
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
    this.#queue.ended(task, performance.now());
  }

  /** It waits for tasks of its own, and goes on. */
  blocked(task: GatedTask): void {
    this.#queue.blocked(task, performance.now());
  }

  resumed(task: GatedTask): void {
    this.#queue.resumed(task);
  }

  /** Ends what is too late; to be called now and then. */
  tick(): void {
    const nowMs = performance.now();
    for (const task of this.#timed) {
      const error = this.#tooLate(task, nowMs);
      if (error !== undefined) this.#deps.fail(task, error);
    }
    if (this.#timed.size > 0) return;
    clearInterval(this.#ticker);
    this.#ticker = undefined;
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
    if (!isUnable) this.#queue.push(task, nowMs);
  }

  #start(task: GatedTask): void {
    this.#waiting.delete(task);
    const nowMs = performance.now();
    if (this.#deps.workers.hasWaiting) this.#passedMs ??= nowMs;
    else this.#passedMs = undefined;
    // Who waits counts as one higher with each second, here and in the pool.
    const ahead = agedBy(nowMs - task.queuedMs) - agedBy(nowMs - (this.#passedMs ?? nowMs));
    task.launch(task.priority > 0 && task.priority + ahead > 0);
  }

  #time(task: GatedTask): void {
    this.#timed.add(task);
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
