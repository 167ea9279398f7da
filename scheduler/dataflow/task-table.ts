import {
  type Entry,
  entryOf,
  type Keeper,
  type ObjectTable,
  type ReadyState,
} from "../ownership/object-table.ts";
import type { HostTable } from "../placement/host-table.ts";
import type { IdleHosts } from "../placement/idle-hosts.ts";
import type { RunTimes } from "../placement/run-times.ts";
import {
  fromWireError,
  HostDiedError,
  ObjectLostError,
  ShutdownError,
  TaskCancelledError,
  WorkerCrashedError,
  WrayError,
} from "../protocol/errors.ts";
import { type Arg, type ItemOutcome, itemIdOf, itemIndexOf, type Outcome } from "../protocol/messages.ts";
import type { Peer } from "../protocol/subjects.ts";
import { byteLengthOf, copyOf } from "../protocol/value.ts";
import { missedDeadline } from "../queue/expired.ts";
import { Placer } from "../queue/placer.ts";
import { withDependant } from "./dependants.ts";
import { KeyLimits } from "./key-limits.ts";
import { ItemOrigin, isAgain, LostItems } from "./lost-items.ts";
import { PendingTask, type Progress, type Submission } from "./pending-task.ts";
import { readyStateOf } from "./ready-state.ts";
import { argsOn, isRef, refsOf } from "./resolve-args.ts";
import { isRetried, Retries } from "./retries.ts";
import { lostFor, originOf, replayOf, TaskOrigin } from "./task-origin.ts";

export type TaskTableDeps = {
  objects: ObjectTable;
  hosts: HostTable;
  times: RunTimes;
  /** The id of the client that owns these tasks. */
  clientId: string;
  /** The host that the client is part of, if it is part of one. */
  localId?: string | undefined;
  /** The hosts that have asked that host for work. */
  idle?: IdleHosts | undefined;
  /** How long a task waits for a host that can run it. */
  infeasibleAfterMs: number;
  /** The number of a task by its id, and what no task has for what can be no id of one; numbers are found sooner. */
  numberOf(id: string): number;
  send(hostId: string, task: PendingTask, args: readonly Arg[]): void;
  /** Tells a host to end a task. */
  cancel(hostId: string, id: string): void;
  nowMs(): number;
  /** An object of another client is lost to this one; its owner may have it elsewhere, or make it again. */
  askOwner?(id: string, hostIds: readonly string[]): void;
  /** Gives numbers from 0 to below 1. */
  random(): number;
};

/**
 * The unfinished tasks of a client. A task goes to a host the moment that all its arguments are ready; when its host
 * is lost, or hands it back, it goes to another. An object that is lost with its host is made again by the task that made
 * it. It does no IO: messages go out through `send`, and results and losses come in.
 */
export class TaskTable {
  readonly #deps: TaskTableDeps;
  /** By their numbers. */
  readonly #tasks = new Map<number, PendingTask>();
  readonly #placer: Placer<PendingTask>;
  readonly #keys = new KeyLimits<PendingTask>();
  #failing: { task: PendingTask; error: Error }[] = [];
  /** Those that have a deadline. */
  readonly #due = new Set<PendingTask>();
  readonly #retries: Retries<PendingTask>;
  readonly #lostItems = new LostItems();
  #madeAgainCount = 0;
  #retriedCount = 0;

  constructor(deps: TaskTableDeps) {
    this.#deps = deps;
    this.#retries = new Retries({ random: deps.random, due: (task) => this.#placeAgain(task) });
    this.#placer = new Placer({
      ...deps,
      placed: (task, hostId) => this.#goes(task, hostId),
      failed: (task, error) => this.#fail(task, error),
    });
  }

  /** Takes in a task, whose result is the object of the same id, for this keeper if there is one. */
  submit(id: string, submission: Submission, keeper?: Keeper): void {
    const { objects } = this.#deps;
    const refs = refsOf(submission.args);
    const { ttlMs, deadlineMs } = submission.template;
    const isTimed = ttlMs !== undefined || deadlineMs !== undefined;
    const object = objects.create(id, undefined, undefined, keeper);
    const number = this.#deps.numberOf(id);
    const nowMs = isTimed ? this.#deps.nowMs() : 0;
    const task = new PendingTask(number, object, submission, refs.length, nowMs);
    this.#begin(task, refs);
  }

  #begin(task: PendingTask, refs: readonly string[]): void {
    this.#tasks.set(task.number, task);
    if (task.dueMs !== undefined) this.#due.add(task);
    if (refs.length === 0) {
      this.#ready(task);
      return;
    }
    // All are in use before the first is looked at, since one that failed ends the task.
    for (const ref of refs) this.#deps.objects.use(ref);
    this.#await(task, refs);
  }

  /** A task goes on when these are ready. */
  #await(task: PendingTask, refs: readonly string[]): void {
    task.missingCount = refs.length;
    for (const ref of refs) {
      this.#deps.objects.onReady(ref, (state) => {
        if (state.kind === "failed") this.#fail(task, withDependant(state.error, task.label));
        else if (--task.missingCount === 0) this.#ready(task);
      });
    }
  }

  /** Takes in how a task ended on a host. */
  ended(hostId: string, id: string, outcome: Outcome): void {
    const isKnown = this.endedByNumber(hostId, this.#deps.numberOf(id), outcome);
    // Late: the task was placed elsewhere when this host counted as lost.
    if (!isKnown && outcome.kind === "stored") this.#deps.objects.disown(id, hostId);
  }

  /** The same for a task that is known by its number. False when it is not on this host. */
  endedByNumber(hostId: string, number: number, outcome: Outcome): boolean {
    const task = this.#tasks.get(number);
    if (task === undefined || task.hostId !== hostId) return false;
    this.#deps.hosts.ended(hostId, outcome.kind === "value" || outcome.kind === "stored");
    switch (outcome.kind) {
      case "value":
        task.submission.ranOn?.(hostId);
        this.#hasRun(task, hostId);
        this.#end(task, { kind: "local", value: copyOf(outcome.value) }, outcome.clock);
        break;
      case "stored":
        this.#hasRun(task, hostId);
        this.#end(task, { kind: "remote", hosts: new Set([hostId]), bytes: outcome.bytes }, outcome.clock);
        break;
      case "returned":
        if (outcome.isFull) task.hops++;
        this.#placeAgain(task, outcome.to);
        break;
      case "error":
        this.#failed(task, fromWireError(outcome.error));
    }
    return true;
  }

  /** A task has run on a host, and so got there all that it takes. */
  #hasRun({ args, inputs }: PendingTask, hostId: string): void {
    if (inputs.length === 0) return;
    for (const ref of refsOf(args)) this.#deps.objects.isAlsoOn(ref, hostId);
  }

  /** A task has come to an error on a host. */
  #failed(task: PendingTask, error: Error): void {
    const { id, at = [] } =
      error instanceof ObjectLostError ? (error.data as { id?: string; at?: Peer[] }) : {};
    if (id !== undefined && task.args.includes(id)) {
      this.missing(
        id,
        at.filter(({ kind }) => kind === "host").map((peer) => peer.id),
      );
      // The client itself has it and could not be reached: it will be, in a while.
      if (this.#deps.objects.state(id)?.kind === "local") this.#retryLater(task, error);
      else this.#placeAgain(task);
    } else if (task.beginsAnew && error instanceof TaskCancelledError) {
      this.#retry(task, error);
    } else if (error instanceof WorkerCrashedError) {
      this.#retryLater(task, error);
    } else if (error instanceof WrayError && isRetried(task.template.retryErrors, error.code)) {
      // The same random numbers would come to the same.
      task.attempt++;
      this.#retryLater(task, error);
    } else {
      this.#fail(task, error);
    }
  }

  /** These hosts did not give an object when they were asked. */
  missing(id: string, hostIds: readonly string[]): void {
    const lost = this.#deps.objects.missing(id, hostIds);
    if (lost !== undefined) this.#makeAgain(lost, hostIds, `${hostIds.join(" and ")} no longer had it`);
  }

  /** The program has a ref again of an object that it had let go of, and of which others were made: it is made again. */
  restore(id: string): void {
    const entry = this.#deps.objects.get(id);
    if (entry?.state.kind !== "released") return;
    this.#deps.objects.revive(entry);
    this.#makeAgain(entry, [], "the program had let go of it");
  }

  /** Takes in what a task on a host has yielded. */
  yielded(hostId: string, id: string, index: number, outcome: ItemOutcome): void {
    const { objects } = this.#deps;
    const task = this.#task(id);
    const itemId = itemIdOf(id, index);
    if (task !== undefined && task.hostId === hostId) {
      task.yieldedCount = index + 1;
      const state = readyStateOf(outcome, hostId);
      const lost = this.#lostItems.take(id, itemId);
      // One that nobody had taken may have been let go of meanwhile, to come as if for the first time.
      if (lost !== undefined && !objects.forgetUnused(lost)) {
        const origin = state.kind === "remote" ? (lost.origin as ItemOrigin) : undefined;
        objects.decide(lost, state, undefined, origin);
        return;
      }
      if (task.items?.add(index, itemId, state)) {
        if (outcome.kind === "stored") objects.comesFrom(itemId, this.#originOfItems(task));
        return;
      }
    }
    // It was here before, from where the task ran first; or nobody wants it.
    if (outcome.kind === "stored") objects.disown(itemId, hostId);
  }

  /** All items of a task are made again by the same call. */
  #originOfItems(task: PendingTask): ItemOrigin {
    const { submission, seed, retriesLeft, id } = task;
    task.itemOrigin ??= new ItemOrigin(
      id,
      originOf(this.#deps.objects, { ...submission, seed }, retriesLeft),
    );
    return task.itemOrigin;
  }

  /** Where a task is, if it has a host and has not ended. */
  hostOf(id: string): string | undefined {
    return this.#task(id)?.hostId;
  }

  /**
   * A host is gone, or forgot us: what it had of ours is lost, and its tasks are placed again.
   * @param hasLeft it went in order, having finished or handed back all that had reached it
   */
  hostLost(hostId: string, hasLeft: boolean): void {
    const { hosts, objects } = this.#deps;
    const tasks = [...this.#tasks.values()].filter((task) => task.hostId === hostId);
    const lost = objects.forgetHost(hostId);
    // Before any is placed again: the host may be back already.
    for (const task of tasks) {
      hosts.ended(hostId, false);
      task.hostId = undefined;
    }
    // They yield again what was not taken yet.
    for (const task of tasks) task.items?.lose((item) => !objects.isReady(item));
    for (const entry of lost) {
      if (objects.forgetUnused(entry)) continue;
      this.#makeAgain(entry, [hostId], `host ${hostId}, which held its only copy, is gone`);
    }
    for (const task of tasks) {
      if (hasLeft) this.#placeAgain(task);
      else this.#retry(task, diedWith(task.label, hostId));
    }
  }

  /** How often tasks were tried again. */
  get retriedCount(): number {
    return this.#retriedCount;
  }

  /** How many objects were made again, or are about to be. */
  get madeAgainCount(): number {
    return this.#madeAgainCount;
  }

  /** An object is lost, and pending: the task that made it runs again, and those before that, as far as they have to. */
  #makeAgain(lost: Entry, hostIds: readonly string[], how: string): void {
    const { objects, numberOf, askOwner } = this.#deps;
    const pending = [lost];
    const howOf = (entry: Entry) => (entry === lost ? how : `${lost.id} can't be made again without it`);
    for (const entry of pending) {
      const { origin, id } = entry;
      if (origin === "borrowed") {
        askOwner?.(id, entry === lost ? hostIds : []);
      } else if (!(origin instanceof TaskOrigin)) {
        const reason = origin === "evicted" ? origin : entry === lost ? "put" : "freed";
        objects.decide(entry, { kind: "failed", error: lostFor(reason, id, howOf(entry)) });
      } else if (origin instanceof ItemOrigin) {
        this.#lostItems.add(entry, origin);
        const task = this.#tasks.get(numberOf(origin.taskId));
        if (task === undefined) pending.push(...this.#yieldAgain(origin));
        else this.#beginAnew(task, entry);
      } else if (origin.retriesLeft <= 0) {
        objects.decide(entry, { kind: "failed", error: lostFor("retries", id, howOf(entry)) });
      } else {
        pending.push(...this.#runAgain(entry, origin, replayOf(origin, entry.recording?.clock)));
      }
    }
  }

  /** Runs the call that has made an object again. Returns what it takes that has to be made again before. */
  #runAgain(entry: Entry, { refs, retriesLeft }: TaskOrigin, submission: Submission): Entry[] {
    const { objects, numberOf, nowMs } = this.#deps;
    this.#madeAgainCount++;
    const task = new PendingTask(numberOf(entry.id), entry, submission, refs.length, nowMs());
    task.retriesLeft = retriesLeft - 1;
    const gone: Entry[] = [];
    for (const ref of refs) {
      const each = objects.get(ref)!;
      if (each.state.kind !== "released") continue;
      objects.revive(each);
      gone.push(each);
    }
    this.#begin(task, refs);
    return gone;
  }

  /** Runs a task that has ended once more, for the items that are lost, if it may be. Returns what `#runAgain` does. */
  #yieldAgain(origin: ItemOrigin): Entry[] {
    const { taskId, retriesLeft, submission } = origin;
    if (retriesLeft <= 0) {
      this.#failItems(taskId, (id) => lostFor("retries", id, "the host that held its only copy is gone"));
      return [];
    }
    origin.retriesLeft--;
    // Its result is here, or was let go of: that of this run is nobody's.
    return this.#runAgain(entryOf(taskId, { kind: "pending" }, none), origin, submission);
  }

  /**
   * An item is lost whose task is under way: if it has yielded that already where it is now, it begins anew. To wait for
   * its end would be to wait for ever, where the program takes nothing more of it until it has the item.
   */
  #beginAnew(task: PendingTask, { id }: Entry): void {
    if (task.hostId === undefined || task.beginsAnew || isAgain(task.submission)) return;
    if (itemIndexOf(task.id, id) >= task.yieldedCount) return;
    if (task.retriesLeft <= 0) {
      this.#failItems(task.id, (item) =>
        lostFor("retries", item, "the host that held its only copy is gone"),
      );
      return;
    }
    task.beginsAnew = true;
    this.#deps.cancel(task.hostId, task.id);
  }

  #failItems(taskId: string, errorOf: (id: string) => Error): void {
    for (const entry of this.#lostItems.takeAll(taskId))
      this.#deps.objects.decide(entry, { kind: "failed", error: errorOf(entry.id) });
  }

  /** Ends a task that is not done yet, with this error if there is one: it won't run again, and its host is to end it. */
  cancel(id: string, error?: Error): void {
    const task = this.#task(id);
    if (task === undefined) return;
    this.#tellHostToEnd(task);
    this.#fail(
      task,
      error ??
        new TaskCancelledError(`${task.template.label} was cancelled`, {
          data: { kernel: task.template.label, id },
        }),
    );
  }

  /** The tasks, by their labels, that take each object. */
  users(): Map<string, string[]> {
    const users = new Map<string, string[]>();
    for (const task of this.#tasks.values()) {
      for (const ref of refsOf(task.args)) users.set(ref, [...(users.get(ref) ?? []), task.label]);
    }
    return users;
  }

  /** Of an unfinished task: what it will be the result of. */
  labelOf(id: string): string | undefined {
    return this.#task(id)?.template.label;
  }

  /** Takes in how far a task has come on a host. */
  progressed(hostId: string, id: string, progress: Progress): void {
    const task = this.#task(id);
    if (task?.hostId === hostId) task.template.onProgress?.(progress);
  }

  /** Finds hosts for what waits for one, after something has changed. */
  placeWaiting(): void {
    this.#placer.fill();
  }

  /** The same, and fails what has waited too long; to be called now and then. */
  tick(): void {
    this.#placer.tick();
    if (this.#due.size === 0 && this.#retries.size === 0) return;
    const nowMs = this.#deps.nowMs();
    this.#retries.tick(nowMs);
    for (const task of this.#due) {
      if (task.dueMs! > nowMs) continue;
      this.#tellHostToEnd(task);
      this.#fail(task, missedDeadline(task.label, task.template.deadlineMs!));
    }
  }

  /** How many tasks are ready and wait for a host. */
  get waitingCount(): number {
    return this.#placer.size;
  }

  /** Ends every task, with this error if there is one. */
  close(failure?: Error): void {
    for (const task of this.#tasks.values()) {
      const shutdown = new ShutdownError(`the client was shut down before ${task.template.label} was done`);
      this.#fail(task, failure ?? shutdown);
    }
  }

  #task(id: string): PendingTask | undefined {
    return this.#tasks.get(this.#deps.numberOf(id));
  }

  #tellHostToEnd({ id, hostId }: PendingTask): void {
    if (hostId === undefined) return;
    this.#deps.hosts.ended(hostId, false);
    this.#deps.cancel(hostId, id);
  }

  /** All that it takes is there. */
  #ready(task: PendingTask): void {
    if (task.hasEnded) return;
    if (this.#keys.admit(task)) this.#goesOn(task);
  }

  /** Its key, if it has one, lets it go. */
  #goesOn(task: PendingTask): void {
    task.isAdmitted = true;
    if (task.args.some(isRef)) task.inputs = this.#inputsOf(task);
    if (task.template.variants !== undefined) task.ofSize(this.#bytesOf(task));
    this.#placer.add(task);
  }

  /** @param to a host that has asked for it */
  #placeAgain(task: PendingTask, to?: string): void {
    task.hostId = undefined;
    if (task.hasEnded) return;
    const { hosts } = this.#deps;
    if (task.variants !== undefined) task.choose(undefined);
    const able = to === undefined || task.variants !== undefined ? undefined : hosts.get(to);
    if (able !== undefined && hosts.able(task.shape, task).set.has(able)) this.#goes(task, able.id);
    else this.#placer.add(task);
  }

  /** The objects that it takes and that hosts hold. */
  #inputsOf({ args }: PendingTask): PendingTask["inputs"] {
    return refsOf(args).flatMap((ref) => {
      const state = this.#deps.objects.state(ref);
      return state?.kind === "remote" ? [{ bytes: state.bytes, hosts: state.hosts }] : [];
    });
  }

  /** What a task takes, in bytes. */
  #bytesOf({ args }: PendingTask): number {
    let bytes = 0;
    for (const arg of args) {
      const state = isRef(arg) ? this.#deps.objects.state(arg) : undefined;
      if (!isRef(arg)) bytes += byteLengthOf(arg);
      else if (state?.kind === "remote") bytes += state.bytes;
      else if (state?.kind === "local") bytes += byteLengthOf(state.value);
    }
    return bytes;
  }

  /** A task has got its host. */
  #goes(task: PendingTask, hostId: string): void {
    const { hosts, send, objects } = this.#deps;
    const missing = refsOf(task.args).filter((ref) => !objects.isReady(ref));
    if (missing.length > 0) {
      // Lost since: they are about to be made again, perhaps by tasks of its key.
      task.hostId = undefined;
      this.#await(task, missing);
      this.#leaveKey(task);
      return;
    }
    task.hostId = hostId;
    task.yieldedCount = 0;
    task.beginsAnew = false;
    const args = argsOn(this.#deps, hostId, task.args);
    if (args instanceof Error) {
      this.#fail(task, withDependant(args, task.label));
      return;
    }
    hosts.sent(hostId, task.module);
    send(hostId, task, args);
  }

  /** At once, since it was not the task's fault. */
  #retry(task: PendingTask, error: Error): void {
    if (task.retriesLeft-- <= 0) {
      this.#fail(task, error);
      return;
    }
    this.#retriedCount++;
    this.#placeAgain(task);
  }

  /** After a while, which grows: what was wrong may be over then, and others are disturbed less. */
  #retryLater(task: PendingTask, error: Error): void {
    if (task.retriesLeft-- <= 0) {
      this.#fail(task, error);
      return;
    }
    this.#retriedCount++;
    task.hostId = undefined;
    this.#retries.add(task, task.template.maxRetries - task.retriesLeft, this.#deps.nowMs());
  }

  /** One after the other, not one within the other: a chain of dependants may be longer than the stack. */
  #fail(task: PendingTask, error: Error): void {
    if (this.#failing.push({ task, error }) > 1) return;
    for (const next of this.#failing) this.#end(next.task, { kind: "failed", error: next.error });
    this.#failing = [];
  }

  /** How an object can be made again: by the same call as before, if it was made so before. */
  #originOf(entry: Entry, submission: Submission, retriesLeft: number): TaskOrigin {
    const { origin } = entry;
    if (!(origin instanceof TaskOrigin)) return originOf(this.#deps.objects, submission, retriesLeft);
    origin.retriesLeft = retriesLeft;
    return origin;
  }

  #end(task: PendingTask, state: ReadyState, clock?: number[]): void {
    if (task.hasEnded) return;
    task.hasEnded = true;
    this.#tasks.delete(task.number);
    if (task.dueMs !== undefined) this.#due.delete(task);
    const { seed, submission, retriesLeft } = task;
    const isPlain = seed === undefined && clock === undefined;
    const heard = isPlain ? nothing : { ...(seed !== undefined && { seed }), ...(clock && { clock }) };
    const origin =
      state.kind === "remote" && task.items === undefined
        ? this.#originOf(task.object, { ...submission, seed }, retriesLeft)
        : undefined;
    this.#deps.objects.decide(task.object, state, heard, origin);
    task.items?.end(state.kind === "failed" ? state.error : undefined);
    if (task.items !== undefined) this.#lookAfterItems(task, state);
    for (const arg of task.args) if (typeof arg === "string") this.#deps.objects.unuse(arg);
    this.#leaveKey(task);
  }

  /** A task has ended, and perhaps has not yielded again all that is lost. */
  #lookAfterItems({ id, submission, itemOrigin }: PendingTask, state: ReadyState): void {
    if (!this.#lostItems.has(id)) return;
    const error = state.kind === "failed" ? state.error : undefined;
    const isUnwanted = error instanceof TaskCancelledError || error instanceof ShutdownError;
    if (isUnwanted || isAgain(submission) || itemOrigin === undefined) {
      this.#failItems(id, (item) => error ?? lostFor("retries", item, "its task has not yielded it again"));
      return;
    }
    for (const gone of this.#yieldAgain(itemOrigin)) this.#makeAgain(gone, [], `${id} needs it`);
  }

  /** It does not count for its key any more: others may go. */
  #leaveKey(task: PendingTask): void {
    if (!task.isAdmitted) return;
    task.isAdmitted = false;
    for (const next of this.#keys.ended(task)) this.#goesOn(next);
  }
}

const none: readonly string[] = [];
const nothing = {};

const diedWith = (label: string, hostId: string) =>
  new HostDiedError(`host ${hostId} died with ${label}`, {
    remedy: "Look at the host's log; raise maxRetries to try more often.",
    data: { host: hostId, kernel: label },
  });
