import type { ObjectTable, ReadyState } from "../ownership/object-table.ts";
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
import { type Arg, inlineBytes, type Outcome, type RefArg, type Task } from "../protocol/messages.ts";
import { withDependant } from "./dependants.ts";

/** What is submitted: an argument is an encoded value or the id of an object. */
export type Submission = {
  /** For messages to people: `module/function`. */
  label: string;
  module: string;
  kernel: string;
  args: (Uint8Array | string)[];
  maxRetries: number;
  /** What goes to the host with the task. */
  options: Pick<Task, "limits" | "grant" | "seed" | "clock" | "depth">;
  /** Hears how far the task has come while it runs. */
  onProgress?: ((progress: Progress) => void) | undefined;
};

/** How far a task has come: a part of 1, and what it says of it. */
export type Progress = { fraction: number; text: string };

type PendingTask = Submission & {
  id: string;
  retriesLeft: number;
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
  send(hostId: string, task: Task): void;
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
  #unplaced: PendingTask[] = [];
  #failing: { task: PendingTask; error: Error }[] = [];

  constructor(deps: TaskTableDeps) {
    this.#deps = deps;
  }

  /** Takes in a task, whose result is the object of the same id. */
  submit(id: string, submission: Submission): void {
    const { objects } = this.#deps;
    const refs = refsOf(submission);
    const task: PendingTask = {
      ...submission,
      id,
      retriesLeft: submission.maxRetries,
      missingCount: refs.length,
      hostId: undefined,
      waitingSinceMs: undefined,
    };
    objects.create(id);
    this.#tasks.set(id, task);
    if (refs.length === 0) this.#place(task);
    // All are in use before the first is looked at, since one that failed ends the task.
    for (const ref of refs) objects.use(ref);
    for (const ref of refs) {
      objects.whenReady(ref, (state) => {
        if (state.kind === "failed") this.#fail(task, withDependant(state.error, task.label));
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
        // A copy, because these bytes are part of a larger message.
        this.#end(task, { kind: "local", value: outcome.value.slice() }, outcome.clock);
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
      else this.#retry(task, diedWith(task.label, hostId));
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
      new TaskCancelledError(`${task.label} was cancelled`, { data: { kernel: task.label, id } }),
    );
  }

  /** The tasks, by their labels, that take each object. */
  users(): Map<string, string[]> {
    const users = new Map<string, string[]>();
    for (const task of this.#tasks.values()) {
      for (const ref of refsOf(task)) users.set(ref, [...(users.get(ref) ?? []), task.label]);
    }
    return users;
  }

  /** Of an unfinished task: what it will be the result of. */
  labelOf(id: string): string | undefined {
    return this.#tasks.get(id)?.label;
  }

  /** Takes in how far a task has come on a host. */
  progressed(hostId: string, id: string, progress: Progress): void {
    const task = this.#tasks.get(id);
    if (task?.hostId === hostId) task.onProgress?.(progress);
  }

  /** Places what has found no host so far, and fails what has waited for one too long. */
  placeWaiting(): void {
    const waiting = this.#unplaced;
    this.#unplaced = [];
    for (const task of waiting) this.#place(task);
    const { infeasibleAfterMs, nowMs } = this.#deps;
    for (const task of this.#unplaced) {
      if (nowMs() - task.waitingSinceMs! > infeasibleAfterMs)
        this.#fail(task, noHost(task.label, infeasibleAfterMs));
    }
    this.#unplaced = this.#unplaced.filter((task) => this.#tasks.has(task.id));
  }

  /** Ends every task, with this error if there is one. */
  close(failure?: Error): void {
    for (const task of this.#tasks.values()) {
      const shutdown = new ShutdownError(`the client was shut down before ${task.label} was done`);
      this.#fail(task, failure ?? shutdown);
    }
  }

  #place(task: PendingTask): void {
    if (!this.#tasks.has(task.id)) return;
    const { hosts, nowMs, random, send } = this.#deps;
    const hostId = place(hosts.candidates(nowMs()), random);
    task.hostId = hostId;
    if (hostId === undefined) {
      task.waitingSinceMs ??= nowMs();
      this.#unplaced.push(task);
      return;
    }
    task.waitingSinceMs = undefined;
    const args: Arg[] = [];
    for (const source of task.args) {
      const arg = typeof source === "string" ? this.#resolve(source, hostId) : source;
      if (arg instanceof Error) {
        this.#fail(task, withDependant(arg, task.label));
        return;
      }
      args.push(arg);
    }
    const { id, module, kernel, options } = task;
    hosts.sent(hostId);
    send(hostId, { id, module, kernel, args, ...options });
  }

  /** How a ready object goes to a host, or why it can't. */
  #resolve(ref: string, hostId: string): Arg | Error {
    const { objects } = this.#deps;
    const state = objects.state(ref);
    switch (state?.kind) {
      case "failed":
        return state.error;
      case "local":
        if (state.value.byteLength <= inlineBytes) return state.value;
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
    if (!this.#tasks.delete(task.id)) return;
    this.#deps.objects.record(task.id, { seed: task.options.seed ?? task.id, ...(clock && { clock }) });
    this.#deps.objects.settle(task.id, state);
    for (const ref of refsOf(task)) this.#deps.objects.unuse(ref);
  }
}

const refsOf = ({ args }: Submission) => args.filter((arg) => typeof arg === "string");

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
