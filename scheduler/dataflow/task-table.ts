import type { Entry, Keeper, ObjectTable, ReadyState } from "../ownership/object-table.ts";
import type { HostTable } from "../placement/host-table.ts";
import { place } from "../placement/place.ts";
import {
  fromWireError,
  HostDiedError,
  InfeasibleTaskError,
  ObjectLostError,
  ShutdownError,
  TaskCancelledError,
  WorkerCrashedError,
} from "../protocol/errors.ts";
import { type Arg, inlineBytes, type Outcome, type RefArg, type Template } from "../protocol/messages.ts";
import { byteLengthOf, type Encoded } from "../protocol/value.ts";
import { withDependant } from "./dependants.ts";
import { Fifo } from "./fifo.ts";

/** What tasks have in common: which kernel, and how it is to be run. */
export type TaskTemplate = {
  /** For messages to people: `module/function`. */
  readonly label: string;
  readonly module: string;
  readonly kernel: string;
  readonly maxRetries: number;
  /** What goes to the host. */
  readonly options: Omit<Template, "module" | "kernel">;
  /** Hears how far a task has come while it runs. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
};

/** What is submitted: an argument is an encoded value or the id of an object. */
export type Submission = {
  template: TaskTemplate;
  args: readonly (Encoded | string)[];
  /** Of its random numbers. Default: its id. */
  seed?: string | undefined;
};

/** How far a task has come: a part of 1, and what it says of it. */
export type Progress = { fraction: number; text: string };

export type PendingTask = Submission & {
  id: string;
  retriesLeft: number;
  /** Its result. */
  readonly object: Entry;
  isOver: boolean;
  /** How many of its arguments are not ready. */
  missingCount: number;
  /** Where it is now; undefined while it waits for arguments or for a host. */
  hostId: string | undefined;
  /** Since when it waits for a host. */
  waitingSinceMs: number | undefined;
};

export type TaskTableDeps = {
  objects: ObjectTable;
  hosts: HostTable;
  /** The id of the client that owns these tasks. */
  clientId: string;
  /** How long a task waits for a host that can run it. */
  infeasibleAfterMs: number;
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
  readonly #tasks = new Map<string, PendingTask>();
  /** Those that no host has room for, in the order in which they came. */
  readonly #waiting = new Fifo<PendingTask>();
  /** When a host that takes tasks was there last. */
  #hostSeenMs = Number.NEGATIVE_INFINITY;
  #failing: { task: PendingTask; error: Error }[] = [];

  constructor(deps: TaskTableDeps) {
    this.#deps = deps;
  }

  /** Takes in a task, whose result is the object of the same id, for this keeper if there is one. */
  submit(id: string, submission: Submission, keeper?: Keeper): void {
    const { objects } = this.#deps;
    const { template, args, seed } = submission;
    const refs = refsOf(args);
    const task: PendingTask = {
      id,
      template,
      args,
      seed,
      object: objects.create(id, undefined, undefined, keeper),
      isOver: false,
      retriesLeft: template.maxRetries,
      missingCount: refs.length,
      hostId: undefined,
      waitingSinceMs: undefined,
    };
    this.#tasks.set(id, task);
    if (refs.length === 0) {
      this.#place(task);
      return;
    }
    // All are in use before the first is looked at, since one that failed ends the task.
    for (const ref of refs) objects.use(ref);
    for (const ref of refs) {
      objects.onReady(ref, (state) => {
        if (state.kind === "failed") this.#fail(task, withDependant(state.error, task.template.label));
        else if (--task.missingCount === 0) this.#place(task);
      });
    }
  }

  /** Takes in how a task ended on a host. */
  ended(hostId: string, id: string, outcome: Outcome): void {
    const task = this.#tasks.get(id);
    if (task === undefined || task.hostId !== hostId) {
      // Late: the task was placed elsewhere when this host counted as lost.
      if (outcome.kind === "stored") this.#deps.objects.disown(id, hostId);
      return;
    }
    this.#deps.hosts.ended(hostId, outcome.kind === "value" || outcome.kind === "stored");
    switch (outcome.kind) {
      case "value":
        this.#end(task, { kind: "local", value: kept(outcome.value) }, outcome.clock);
        break;
      case "stored":
        this.#end(task, { kind: "remote", hosts: new Set([hostId]) }, outcome.clock);
        break;
      case "returned":
        this.#place(task);
        break;
      case "error": {
        const error = fromWireError(outcome.error);
        if (error instanceof WorkerCrashedError) this.#retry(task, error);
        else this.#fail(task, error);
      }
    }
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
      if (hasLeft) this.#place(task);
      else this.#retry(task, diedWith(task.template.label, hostId));
    }
  }

  /** Ends a task that is not done yet: it won't run again, and its host is told to end it. */
  cancel(id: string): void {
    const task = this.#tasks.get(id);
    if (task === undefined) return;
    if (task.hostId !== undefined) {
      this.#deps.hosts.ended(task.hostId, false);
      this.#deps.cancel(task.hostId, id);
    }
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
      for (const ref of refsOf(task.args)) users.set(ref, [...(users.get(ref) ?? []), task.template.label]);
    }
    return users;
  }

  /** Of an unfinished task: what it will be the result of. */
  labelOf(id: string): string | undefined {
    return this.#tasks.get(id)?.template.label;
  }

  /** Takes in how far a task has come on a host. */
  progressed(hostId: string, id: string, progress: Progress): void {
    const task = this.#tasks.get(id);
    if (task?.hostId === hostId) task.template.onProgress?.(progress);
  }

  /** Places what has found no host so far, and fails what has waited for one too long. */
  placeWaiting(): void {
    const waiting = this.#waiting;
    if (waiting.isEmpty) return;
    const { hosts, infeasibleAfterMs, nowMs } = this.#deps;
    const now = nowMs();
    if (hosts.candidates(now).length > 0) this.#hostSeenMs = now;
    for (let task = waiting.peek(); task !== undefined; task = waiting.peek()) {
      if (!task.isOver) {
        const hostId = this.#hostFor(task, now);
        const waitedMs = now - Math.max(task.waitingSinceMs!, this.#hostSeenMs);
        if (hostId !== undefined) this.#sendTo(hostId, task);
        else if (waitedMs > infeasibleAfterMs)
          this.#fail(task, noHost(task.template.label, infeasibleAfterMs));
        else return;
      }
      waiting.shift();
    }
  }

  /** Ends every task, with this error if there is one. */
  close(failure?: Error): void {
    for (const task of this.#tasks.values()) {
      const shutdown = new ShutdownError(`the client was shut down before ${task.template.label} was done`);
      this.#fail(task, failure ?? shutdown);
    }
  }

  #place(task: PendingTask): void {
    if (task.isOver) return;
    const now = this.#deps.nowMs();
    const mayGo = this.#waiting.isEmpty || isNested(task);
    const hostId = mayGo ? this.#hostFor(task, now) : undefined;
    if (hostId !== undefined) {
      this.#sendTo(hostId, task);
      return;
    }
    task.hostId = undefined;
    task.waitingSinceMs = now;
    this.#waiting.push(task);
  }

  #hostFor(task: PendingTask, nowMs: number): string | undefined {
    const { hosts, random } = this.#deps;
    // What has room for no more may wait for this one.
    return place(isNested(task) ? hosts.candidates(nowMs) : hosts.open(nowMs), random);
  }

  #sendTo(hostId: string, task: PendingTask): void {
    const { hosts, send } = this.#deps;
    task.hostId = hostId;
    const args = this.#argsOn(hostId, task);
    if (args instanceof Error) {
      this.#fail(task, withDependant(args, task.template.label));
      return;
    }
    hosts.sent(hostId);
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
    if (task.retriesLeft-- > 0) this.#place(task);
    else this.#fail(task, error);
  }

  /** One after the other, not one within the other: a chain of dependants may be longer than the stack. */
  #fail(task: PendingTask, error: Error): void {
    if (this.#failing.push({ task, error }) > 1) return;
    for (const next of this.#failing) this.#end(next.task, { kind: "failed", error: next.error });
    this.#failing = [];
  }

  #end(task: PendingTask, state: ReadyState, clock?: number[]): void {
    if (task.isOver) return;
    task.isOver = true;
    this.#tasks.delete(task.id);
    const { seed } = task;
    const isPlain = seed === undefined && clock === undefined;
    const heard = isPlain ? nothing : { ...(seed !== undefined && { seed }), ...(clock && { clock }) };
    this.#deps.objects.decide(task.object, state, heard);
    for (const arg of task.args) if (typeof arg === "string") this.#deps.objects.unuse(arg);
  }
}

const none: readonly string[] = [];
const nothing = {};

const isRef = (arg: Encoded | string): arg is string => typeof arg === "string";

const refsOf = (args: Submission["args"]): readonly string[] =>
  args.some(isRef) ? args.filter(isRef) : none;

/** A copy of bytes, because they are part of a larger message. */
const kept = (value: Encoded): Encoded => (typeof value === "number" ? value : value.slice());

/** Whether another task may wait for it. */
const isNested = ({ template }: PendingTask) => (template.options.depth ?? 0) > 0;

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

const noHost = (label: string, afterMs: number) =>
  new InfeasibleTaskError(`${label} found no host within ${afterMs} ms: the cluster has none`, {
    remedy: "Start one with `npx wray host --servers …`, and check that the cluster's name is the same.",
    data: { kernel: label },
  });
