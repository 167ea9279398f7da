import type { Keeper, ObjectTable, ReadyState } from "../ownership/object-table.ts";
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
} from "../protocol/errors.ts";
import {
  type Arg,
  type ItemOutcome,
  inlineBytes,
  itemIdOf,
  type Outcome,
  type RefArg,
} from "../protocol/messages.ts";
import { byteLengthOf, type Encoded } from "../protocol/value.ts";
import { missedDeadline } from "../queue/expired.ts";
import { Placer } from "../queue/placer.ts";
import { withDependant } from "./dependants.ts";
import { KeyLimits } from "./key-limits.ts";
import { PendingTask, type Progress, type Submission } from "./pending-task.ts";

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
  /** Gives numbers from 0 to below 1. */
  random(): number;
};

/**
 * The unfinished tasks of a client. A task goes to a host the moment that all its arguments are ready; when its host
 * is lost, or hands it back, it goes to another. It does no IO: messages go out through `send`, and results and
 * losses come in.
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

  constructor(deps: TaskTableDeps) {
    this.#deps = deps;
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
    this.#tasks.set(number, task);
    if (task.dueMs !== undefined) this.#due.add(task);
    if (refs.length === 0) {
      this.#ready(task);
      return;
    }
    // All are in use before the first is looked at, since one that failed ends the task.
    for (const ref of refs) objects.use(ref);
    for (const ref of refs) {
      objects.onReady(ref, (state) => {
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
        this.#end(task, { kind: "local", value: kept(outcome.value) }, outcome.clock);
        break;
      case "stored":
        this.#end(task, { kind: "remote", hosts: new Set([hostId]), bytes: outcome.bytes }, outcome.clock);
        break;
      case "returned":
        if (outcome.isFull) task.hops++;
        this.#placeAgain(task, outcome.to);
        break;
      case "error": {
        const error = fromWireError(outcome.error);
        if (error instanceof WorkerCrashedError) this.#retry(task, error);
        else this.#fail(task, error);
      }
    }
    return true;
  }

  /** Takes in what a task on a host has yielded. */
  yielded(hostId: string, id: string, index: number, outcome: ItemOutcome): void {
    const task = this.#task(id);
    const itemId = itemIdOf(id, index);
    const isTaken = task?.hostId === hostId && task.items?.add(index, itemId, itemState(outcome, hostId));
    // It was here before, from where the task ran first; or nobody wants it.
    if (!isTaken && outcome.kind === "stored") this.#deps.objects.disown(itemId, hostId);
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
    this.#deps.objects.forgetHost(hostId, (id) => lostWith(id, hostId));
    for (const task of this.#tasks.values()) {
      if (task.hostId !== hostId) continue;
      this.#deps.hosts.ended(hostId, false);
      task.items?.lose((item) => this.#deps.objects.state(item)?.kind === "failed");
      if (hasLeft) this.#placeAgain(task);
      else this.#retry(task, diedWith(task.label, hostId));
    }
  }

  /** Ends a task that is not done yet: it won't run again, and its host is told to end it. */
  cancel(id: string): void {
    const task = this.#task(id);
    if (task === undefined) return;
    this.#tellHostToEnd(task);
    this.#fail(
      task,
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
    if (this.#due.size === 0) return;
    const nowMs = this.#deps.nowMs();
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
    this.#placer.add(task);
  }

  /** @param to a host that has asked for it */
  #placeAgain(task: PendingTask, to?: string): void {
    task.hostId = undefined;
    if (task.hasEnded) return;
    const { hosts } = this.#deps;
    const able = to === undefined ? undefined : hosts.get(to);
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

  /** A task has got its host. */
  #goes(task: PendingTask, hostId: string): void {
    const { hosts, send } = this.#deps;
    task.hostId = hostId;
    const args = this.#argsOn(hostId, task);
    if (args instanceof Error) {
      this.#fail(task, withDependant(args, task.label));
      return;
    }
    hosts.sent(hostId, task.module);
    send(hostId, task, args);
  }

  /** The arguments as they go to a host, or why they can't. */
  #argsOn(hostId: string, { args }: PendingTask): readonly Arg[] | Error {
    if (!args.some(isRef)) return args as readonly Encoded[];
    const resolved: Arg[] = [];
    for (const source of args) {
      const arg = typeof source === "string" ? this.#resolve(source, hostId) : source;
      if (arg instanceof Error) return arg;
      resolved.push(arg);
    }
    return resolved;
  }

  /** How a ready object goes to a host, or why it can't. */
  #resolve(ref: string, hostId: string): Arg | Error {
    const { objects } = this.#deps;
    const state = objects.state(ref);
    switch (state?.kind) {
      case "failed":
        return state.error;
      case "local":
        if (byteLengthOf(state.value) <= inlineBytes) return state.value;
        return this.#refArg(ref, hostId, []);
      case "remote":
        return this.#refArg(ref, hostId, [...state.hosts]);
      default:
        throw new Error(`task with an argument, ${ref}, that is not ready`);
    }
  }

  /** Who is asked for an object, in this order: a copy, the hosts that hold the original, and the client, last. */
  #refArg(ref: string, hostId: string, holders: string[]): RefArg {
    const { objects, clientId } = this.#deps;
    const copy = objects.copiedTo(ref, hostId);
    const hosts = copy === undefined ? holders : [copy, ...holders.filter((id) => id !== copy)];
    // The client has what hosts hold only if these have left by then.
    return {
      ref,
      at: [...hosts.map((id) => ({ kind: "host" as const, id })), { kind: "client", id: clientId }],
    };
  }

  #retry(task: PendingTask, error: Error): void {
    if (task.retriesLeft-- > 0) this.#placeAgain(task);
    else this.#fail(task, error);
  }

  /** One after the other, not one within the other: a chain of dependants may be longer than the stack. */
  #fail(task: PendingTask, error: Error): void {
    if (this.#failing.push({ task, error }) > 1) return;
    for (const next of this.#failing) this.#end(next.task, { kind: "failed", error: next.error });
    this.#failing = [];
  }

  #end(task: PendingTask, state: ReadyState, clock?: number[]): void {
    if (task.hasEnded) return;
    task.hasEnded = true;
    this.#tasks.delete(task.number);
    if (task.dueMs !== undefined) this.#due.delete(task);
    const { seed } = task;
    const isPlain = seed === undefined && clock === undefined;
    const heard = isPlain ? nothing : { ...(seed !== undefined && { seed }), ...(clock && { clock }) };
    this.#deps.objects.decide(task.object, state, heard);
    task.items?.end(state.kind === "failed" ? state.error : undefined);
    for (const arg of task.args) if (typeof arg === "string") this.#deps.objects.unuse(arg);
    if (task.isAdmitted) for (const next of this.#keys.ended(task)) this.#goesOn(next);
  }
}

const none: readonly string[] = [];
const nothing = {};

const isRef = (arg: Encoded | string): arg is string => typeof arg === "string";

const refsOf = (args: Submission["args"]): readonly string[] =>
  args.some(isRef) ? args.filter(isRef) : none;

/** A copy of bytes, because they are part of a larger message. */
const kept = (value: Encoded): Encoded => (typeof value === "number" ? value : value.slice());

function itemState(outcome: ItemOutcome, hostId: string): ReadyState {
  switch (outcome.kind) {
    case "value":
      return { kind: "local", value: kept(outcome.value) };
    case "stored":
      return { kind: "remote", hosts: new Set([hostId]), bytes: outcome.bytes };
    case "error":
      return { kind: "failed", error: fromWireError(outcome.error) };
  }
}

const lostWith = (id: string, hostId: string) =>
  new ObjectLostError(`object ${id} is lost: host ${hostId}, which held its only copy, is gone`, {
    remedy: "Run the task that made it again.",
    data: { id, host: hostId },
  });

const diedWith = (label: string, hostId: string) =>
  new HostDiedError(`host ${hostId} died with ${label}`, {
    remedy: "Look at the host's log; raise maxRetries to try more often.",
    data: { host: hostId, kernel: label },
  });
