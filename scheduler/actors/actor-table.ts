import { withDependant } from "../dataflow/dependants.ts";
import type { Submission, TaskTemplate } from "../dataflow/pending-task.ts";
import { argsOn, refsOf } from "../dataflow/resolve-args.ts";
import type { Entry, Keeper, ObjectTable, ReadyState } from "../ownership/object-table.ts";
import type { HostTable } from "../placement/host-table.ts";
import {
  ActorDiedError,
  ActorUnavailableError,
  fromWireError,
  PendingCallsLimitExceededError,
  TaskCancelledError,
} from "../protocol/errors.ts";
import type { Arg, Outcome } from "../protocol/messages.ts";
import type { Encoded } from "../protocol/value.ts";
import { Deque } from "../queue/deque.ts";

export type ActorTableDeps = {
  objects: ObjectTable;
  hosts: Pick<HostTable, "sent" | "ended">;
  clientId: string;
  numberOf(id: string): number;
  /** Submits the task that makes an actor, which may run on any host that can have it. Returns the id of its result. */
  make(submission: Submission): string;
  send(hostId: string, call: ActorCall, args: readonly Arg[]): void;
  /** Tells a host to end a call. */
  cancel(hostId: string, id: string): void;
  /** Tells a host to end an actor. */
  end(hostId: string, actorId: string): void;
};

/** How an actor is made, and what its calls have in common. */
export type ActorPlan = {
  /** `module/class`, for messages. */
  label: string;
  /** The task that makes it. */
  submission: Submission;
  /** What is common to the calls of each method, from 1. */
  templateOf(method: number): TaskTemplate;
  /** How often it is made anew when its host dies. */
  maxRestarts: number;
  /** How often a call is sent again that was under way then. */
  maxTaskRetries: number;
  maxPendingCalls: number;
};

/** A call of a method that has not ended. */
export class ActorCall {
  readonly number: number;
  readonly object: Entry;
  readonly template: TaskTemplate;
  readonly args: readonly (Encoded | string)[];
  missingCount: number;
  retriesLeft: number;
  hasEnded = false;

  constructor(
    number: number,
    object: Entry,
    template: TaskTemplate,
    args: readonly (Encoded | string)[],
    retriesLeft: number,
  ) {
    this.number = number;
    this.object = object;
    this.template = template;
    this.args = args;
    this.missingCount = refsOf(args).length;
    this.retriesLeft = retriesLeft;
  }
}

type ActorEntry = {
  id: string;
  plan: ActorPlan;
  /** Where it is; undefined while it is being made. */
  hostId: string | undefined;
  restartsLeft: number;
  /** Calls in the order in which they were submitted. */
  waiting: Deque<ActorCall>;
  /** Those that its host has, by their numbers, in the order in which they went there. */
  sent: Map<number, ActorCall>;
  /** Why it is gone. */
  error: Error | undefined;
  /** Nobody can call it any more: it ends when its calls have. */
  isReleased: boolean;
};

/**
 * The actors that a client has made. Calls go to an actor's host in the order in which they were submitted, each when all its
 * arguments are ready and those before it have gone. It does no IO: messages go out through `send`, and results and losses
 * come in.
 */
export class ActorTable {
  readonly #deps: ActorTableDeps;
  readonly #actors = new Map<string, ActorEntry>();
  /** Which actor each call is of that has not ended, by its number. */
  readonly #calls = new Map<number, { actor: ActorEntry; call: ActorCall }>();

  constructor(deps: ActorTableDeps) {
    this.#deps = deps;
  }

  /** Makes an actor of this id. */
  make(id: string, plan: ActorPlan): void {
    const actor: ActorEntry = {
      ...{ id, plan, hostId: undefined, restartsLeft: plan.maxRestarts, error: undefined, isReleased: false },
      ...{ waiting: new Deque<ActorCall>(), sent: new Map<number, ActorCall>() },
    };
    this.#actors.set(id, actor);
    this.#make(actor);
  }

  /**
   * Submits a call, whose result has this id.
   * @throws PendingCallsLimitExceededError
   */
  call(
    actorId: string,
    method: number,
    id: string,
    args: readonly (Encoded | string)[],
    keeper?: Keeper,
  ): void {
    const { objects, numberOf } = this.#deps;
    const actor = this.#actors.get(actorId)!;
    const { label, maxPendingCalls, maxTaskRetries, templateOf } = actor.plan;
    if (actor.waiting.size + actor.sent.size >= maxPendingCalls)
      throw new PendingCallsLimitExceededError(`${label}: ${maxPendingCalls} calls are pending`, {
        remedy: "Wait for some of their refs, or raise maxPendingCalls.",
        data: { id: actorId, maxPendingCalls },
      });
    const object = objects.create(id, undefined, undefined, keeper);
    const call = new ActorCall(numberOf(id), object, templateOf(method), args, maxTaskRetries);
    this.#calls.set(call.number, { actor, call });
    const refs = refsOf(args);
    for (const ref of refs) objects.use(ref);
    if (actor.error !== undefined) {
      this.#end(actor, call, { kind: "failed", error: actor.error });
      return;
    }
    actor.waiting.push(call);
    this.#await(actor, call, refs);
    this.#goOn(actor);
  }

  /** Takes in how a call ended on a host, or that it gave it back. False when it is not there. */
  ended(hostId: string, number: number, outcome: Outcome): boolean {
    const known = this.#calls.get(number);
    if (known === undefined || known.actor.hostId !== hostId || !known.actor.sent.has(number)) return false;
    const { actor, call } = known;
    this.#deps.hosts.ended(hostId, outcome.kind === "value" || outcome.kind === "stored");
    switch (outcome.kind) {
      case "value":
        this.#end(actor, call, { kind: "local", value: kept(outcome.value) });
        break;
      case "stored":
        this.#end(actor, call, { kind: "remote", hosts: new Set([hostId]), bytes: outcome.bytes });
        break;
      case "error":
        this.#end(actor, call, { kind: "failed", error: fromWireError(outcome.error) });
        break;
      case "returned":
        // Its host leaves, and the actor with it.
        this.#lost(actor, hostId);
    }
    return true;
  }

  /** Ends a call that has not gone to its host; one that has is told to. */
  cancel(id: string): boolean {
    const known = this.#calls.get(this.#deps.numberOf(id));
    if (known === undefined) return false;
    const { actor, call } = known;
    if (actor.sent.has(call.number)) {
      this.#deps.hosts.ended(actor.hostId!, false);
      this.#deps.cancel(actor.hostId!, id);
    }
    const { label } = call.template;
    const error = new TaskCancelledError(`${label} was cancelled`, { data: { kernel: label, id } });
    this.#end(actor, call, { kind: "failed", error });
    this.#goOn(actor);
    return true;
  }

  /** Ends an actor at once; its calls fail, and so do all that come. */
  kill(id: string): void {
    const actor = this.#actors.get(id);
    if (actor === undefined || actor.error !== undefined) return;
    if (actor.hostId !== undefined) this.#deps.end(actor.hostId, id);
    this.#die(actor, new ActorDiedError(`actor ${id}, of ${actor.plan.label}, was killed`, { data: { id } }));
  }

  /** Nobody can call it any more: it ends when its calls have. */
  release(id: string): void {
    const actor = this.#actors.get(id);
    if (actor === undefined) return;
    actor.isReleased = true;
    this.#endIfUnused(actor);
  }

  /** A host is gone, or forgot us, and the actors there with it. */
  hostLost(hostId: string): void {
    for (const actor of [...this.#actors.values()]) if (actor.hostId === hostId) this.#lost(actor, hostId);
  }

  /** Ends every call, with this error. */
  close(error: Error): void {
    for (const actor of this.#actors.values()) this.#die(actor, error);
  }

  #make(actor: ActorEntry): void {
    const { objects, make } = this.#deps;
    const id = make({
      ...actor.plan.submission,
      ranOn: (hostId) => {
        if (actor.error === undefined) actor.hostId = hostId;
        else this.#deps.end(hostId, actor.id);
      },
    });
    objects.onReady(id, (state) => {
      if (state.kind === "failed") this.#die(actor, initFailed(actor, state.error));
      else this.#goOn(actor);
      objects.drop(id);
    });
  }

  /** A call goes on when these are ready. */
  #await(actor: ActorEntry, call: ActorCall, refs: readonly string[]): void {
    call.missingCount = refs.length;
    for (const ref of refs) {
      this.#deps.objects.onReady(ref, (state) => {
        if (state.kind === "failed")
          this.#end(actor, call, { kind: "failed", error: withDependant(state.error, call.template.label) });
        else call.missingCount--;
        this.#goOn(actor);
      });
    }
  }

  /** Sends what can go, in order. */
  #goOn(actor: ActorEntry): void {
    const { hosts, objects, send } = this.#deps;
    const { hostId, waiting, sent } = actor;
    for (let call = waiting.first; call !== undefined; call = waiting.first) {
      if (!call.hasEnded) {
        if (hostId === undefined || call.missingCount > 0) return;
        const lost = refsOf(call.args).filter((ref) => !objects.isReady(ref));
        if (lost.length > 0) {
          this.#await(actor, call, lost);
          if (call.missingCount > 0) return;
        }
        const args = argsOn(this.#deps, hostId, call.args);
        if (args instanceof Error) {
          this.#end(actor, call, { kind: "failed", error: withDependant(args, call.template.label) });
        } else {
          sent.set(call.number, call);
          hosts.sent(hostId, call.template.module);
          send(hostId, call, args);
        }
      }
      waiting.shift();
    }
    this.#endIfUnused(actor);
  }

  /** Its host is gone: it is made anew, if it may be, and what was under way is sent again, if that may be. */
  #lost(actor: ActorEntry, hostId: string): void {
    const { label } = actor.plan;
    const sent = [...actor.sent.values()];
    actor.sent.clear();
    actor.hostId = undefined;
    for (const _ of sent) this.#deps.hosts.ended(hostId, false);
    const data = { id: actor.id, host: hostId };
    if (actor.restartsLeft <= 0) {
      const remedy = "Raise maxRestarts for it to be made anew on another host.";
      const error = new ActorDiedError(`actor ${actor.id}, of ${label}, died with host ${hostId}`, {
        remedy,
        data,
      });
      for (const call of sent) this.#end(actor, call, { kind: "failed", error });
      this.#die(actor, error);
      return;
    }
    actor.restartsLeft--;
    const again = sent.filter((call) => call.retriesLeft-- > 0);
    for (const call of sent) {
      if (again.includes(call)) continue;
      const error = new ActorUnavailableError(
        `host ${hostId} died with ${call.template.label} under way, and it is not known whether it was applied`,
        { remedy: "Call it again if that does no harm, or set maxTaskRetries.", data },
      );
      this.#end(actor, call, { kind: "failed", error });
    }
    for (const call of again.reverse()) actor.waiting.unshift(call);
    this.#make(actor);
  }

  #die(actor: ActorEntry, error: Error): void {
    if (actor.error !== undefined) return;
    actor.error = error;
    const calls = [...actor.sent.values()];
    for (let call = actor.waiting.shift(); call !== undefined; call = actor.waiting.shift()) calls.push(call);
    for (const call of calls) {
      if (actor.sent.has(call.number) && actor.hostId !== undefined)
        this.#deps.hosts.ended(actor.hostId, false);
      this.#end(actor, call, { kind: "failed", error });
    }
    this.#endIfUnused(actor);
  }

  #end(actor: ActorEntry, call: ActorCall, state: ReadyState): void {
    if (call.hasEnded) return;
    call.hasEnded = true;
    actor.sent.delete(call.number);
    this.#calls.delete(call.number);
    this.#deps.objects.decide(call.object, state);
    for (const ref of refsOf(call.args)) this.#deps.objects.unuse(ref);
    if (actor.isReleased) this.#endIfUnused(actor);
  }

  #endIfUnused(actor: ActorEntry): void {
    if (!actor.isReleased || actor.sent.size > 0 || actor.waiting.size > 0) return;
    if (actor.error === undefined && actor.hostId === undefined) return;
    if (!this.#actors.delete(actor.id) || actor.error !== undefined || actor.hostId === undefined) return;
    this.#deps.end(actor.hostId, actor.id);
  }
}

const initFailed = ({ id, plan }: ActorEntry, cause: Error) =>
  new ActorDiedError(`${plan.label} could not be made: ${cause.message}`, {
    data: { id, actorInitFailed: true },
    cause,
  });

/** A copy of bytes, because they are part of a larger message. */
const kept = (value: Encoded): Encoded => (typeof value === "number" ? value : value.slice());
