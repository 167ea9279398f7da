import { withDependant } from "../dataflow/dependants.ts";
import type { Submission, TaskTemplate } from "../dataflow/pending-task.ts";
import { readyStateOf } from "../dataflow/ready-state.ts";
import { argsOn, refsOf } from "../dataflow/resolve-args.ts";
import { methodNumber } from "../manifest/check.ts";
import type { Entry, Keeper, ReadyState } from "../ownership/object-table.ts";
import type { HostTable } from "../placement/host-table.ts";
import { Ledger, missing } from "../placement/resources.ts";
import {
  ActorDiedError,
  ActorUnavailableError,
  InvalidTaskError,
  PendingCallsLimitExceededError,
  TaskCancelledError,
} from "../protocol/errors.ts";
import type { Arg, GangPlace, Outcome } from "../protocol/messages.ts";
import { type Encoded, encodeValue } from "../protocol/value.ts";
import { ActorCall, ActorEntry, type ActorPlan } from "./actor-entry.ts";
import { Checkpoints, type CheckpointsDeps } from "./checkpoints.ts";

export type ActorTableDeps = CheckpointsDeps & {
  hosts: Pick<HostTable, "called" | "callEnded" | "leftOn">;
  clientId: string;
  numberOf(id: string): number;
  /** Submits the task that makes an actor, which may run on any host that can have it. Returns the id of its result. */
  make(submission: Submission): string;
  send(hostId: string, call: ActorCall, args: readonly Arg[]): void;
  /** Tells a host to end a call. */
  cancel(hostId: string, id: string): void;
  /** Tells a host to end an actor. */
  end(hostId: string, actorId: string): void;
  /** An actor is dead. */
  gone(actorId: string): void;
  /** An object is a checkpoint of an actor, after the calls with these results that changed it since the one before. */
  kept?(actorId: string, stateId: string, resultIds: readonly string[]): void;
  /** An object that this host has is to be here; it may be asked for again until it is. */
  bringHome(id: string, hostId: string): void;
  /** An object that a host has is to be on two. */
  replicate(id: string): void;
  nowMs(): number;
};

/**
 * The actors that a client has made. Calls go to an actor's host in the order in which they were submitted, each when all its
 * arguments are ready and those before it have gone. With checkpoints, the calls since the last one are kept: when the host
 * dies, the actor is made from that state elsewhere, and they are applied once more, so that each has been applied exactly
 * once to what there is then. It does no IO: messages go out through `send`, and results and losses come in.
 */
export class ActorTable {
  readonly #deps: ActorTableDeps;
  readonly #actors = new Map<string, ActorEntry>();
  /** Which actor each call is of that its host has, or that waits, by its number. */
  readonly #calls = new Map<number, { actor: ActorEntry; call: ActorCall }>();
  readonly #checkpoints: Checkpoints;

  constructor(deps: ActorTableDeps) {
    this.#deps = deps;
    this.#checkpoints = new Checkpoints(deps);
  }

  /** Adds an actor of this id. Its calls wait until it is made, or is another's. */
  add(id: string, plan: ActorPlan): void {
    this.#actors.set(id, new ActorEntry(id, plan));
  }

  /** Makes one that was added: by its constructor, or of the object that tells what it was. */
  make(id: string, state?: string): void {
    const actor = this.#actors.get(id);
    if (actor === undefined || actor.error !== undefined) return;
    if (actor.plan.checkpoint !== undefined && state !== undefined) this.#checkpoints.set(actor, state);
    this.#make(actor, state);
  }

  /** A call of one that was added, which was applied after what it is to be made of, and is applied once more. */
  replay(actorId: string, method: number, id: string, args: readonly (Encoded | string)[]): void {
    const actor = this.#actors.get(actorId)!;
    const call = this.#call(actor, method, this.#deps.objects.create(id), args);
    call.isLogged = true;
    actor.log.push(call);
  }

  /** Asks an actor what it is after all that it was called. Returns the id of the object that tells. @throws ActorDiedError */
  ask(id: string): string {
    this.planOf(id);
    const actor = this.#actors.get(id)!;
    const call = this.#ask(actor, "save");
    actor.waiting.push(call);
    this.#goOn(actor);
    return call.object.id;
  }

  /** One that was added is another's: its calls go there, in their order. */
  isAnother(id: string, forward: (call: ActorCall) => void): void {
    const actor = this.#actors.get(id);
    if (actor === undefined || actor.error !== undefined) return;
    actor.forward = forward;
    for (let call = actor.waiting.shift(); call !== undefined; call = actor.waiting.shift())
      if (!call.hasEnded) this.#forward(actor, call);
    this.#endIfUnused(actor);
  }

  /** One that was added can't be made. */
  fail(id: string, error: Error): void {
    const actor = this.#actors.get(id);
    if (actor !== undefined) this.#die(actor, error);
  }

  /** How an actor is made and called. @throws ActorDiedError when nobody has a handle of it any more */
  planOf(id: string): ActorPlan {
    const actor = this.#actors.get(id);
    if (actor !== undefined) return actor.plan;
    throw new ActorDiedError(`actor ${id} has ended: nobody had a handle of it`, {
      remedy: "Have its program hold a handle as long as others call it.",
      data: { id },
    });
  }

  /** The host that an actor is on; undefined while it is being made or moved, and when it is gone. */
  hostOf(id: string): string | undefined {
    const actor = this.#actors.get(id);
    return actor?.moving === undefined && actor?.error === undefined ? actor?.hostId : undefined;
  }

  /** Whether a method of an actor runs beside others of it. */
  runsBeside(id: string, method: string): boolean {
    const plan = this.#actors.get(id)?.plan;
    if (plan === undefined || plan.maxConcurrency === 1) return false;
    const number = plan.methods.indexOf(method) + 1;
    return number > 0 && plan.reads(number);
  }

  /** What a call that has not ended is to: its actor, and the method. */
  targetOf(id: string): { id: string; method: string } | undefined {
    const known = this.#calls.get(this.#deps.numberOf(id));
    const number = known?.call.template.options.actor?.method;
    return number === undefined
      ? undefined
      : { id: known!.actor.id, method: known!.actor.plan.methods[number - 1]! };
  }

  /** Whether there is an actor of this id, and nothing has ended it. */
  isAlive(id: string): boolean {
    const actor = this.#actors.get(id);
    return actor !== undefined && actor.error === undefined;
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
    { keeper, gang }: { keeper?: Keeper | undefined; gang?: GangPlace | undefined } = {},
  ): void {
    const actor = this.#actors.get(actorId)!;
    this.#checkPending(actor);
    this.#call(actor, method, this.#deps.objects.create(id, undefined, undefined, keeper), args, gang);
  }

  /** The same, with an object that is there, which fails when the call can't be. */
  callInto(
    actorId: string,
    name: string,
    object: Entry,
    args: readonly (Encoded | string)[],
    gang?: GangPlace,
  ): void {
    try {
      const { label, methods } = this.planOf(actorId);
      const actor = this.#actors.get(actorId)!;
      this.#checkPending(actor);
      this.#call(actor, methodNumber(label, methods, name), object, args, gang);
    } catch (error) {
      this.#deps.objects.decide(object, { kind: "failed", error: error as Error });
    }
  }

  #checkPending(actor: ActorEntry): void {
    const { label, maxPendingCalls } = actor.plan;
    if (actor.pendingCount < maxPendingCalls) return;
    throw new PendingCallsLimitExceededError(`${label}: ${maxPendingCalls} calls are pending`, {
      remedy: "Wait for some of their refs, or raise maxPendingCalls.",
      data: { id: actor.id, maxPendingCalls },
    });
  }

  #call(
    actor: ActorEntry,
    method: number,
    object: Entry,
    args: readonly (Encoded | string)[],
    gang?: GangPlace,
  ): ActorCall {
    const { objects, numberOf } = this.#deps;
    const { maxTaskRetries, templateOf } = actor.plan;
    const [template, retries] =
      gang === undefined
        ? [templateOf(method), maxTaskRetries]
        : // What its members have told each other can't be told again.
          [inGang(templateOf(method), gang), 0];
    const call = new ActorCall(numberOf(object.id), object, template, args, retries);
    this.#calls.set(call.number, { actor, call });
    const refs = refsOf(args);
    for (const ref of refs) objects.use(ref);
    if (actor.error !== undefined) {
      this.#end(actor, call, { kind: "failed", error: actor.error });
    } else if (actor.forward !== undefined) {
      this.#forward(actor, call);
    } else {
      actor.waiting.push(call);
      this.#await(actor, call, refs);
      this.#goOn(actor);
    }
    return call;
  }

  /** Takes in how a call ended on a host, or that it gave it back. False when it is not there. */
  ended(hostId: string, number: number, outcome: Outcome): boolean {
    const known = this.#calls.get(number);
    const sent = known?.actor.sent.get(number);
    if (known === undefined || sent === undefined || known.actor.hostId !== hostId) return false;
    const { actor, call } = known;
    this.#deps.hosts.callEnded(hostId, outcome.kind === "value" || outcome.kind === "stored");
    if (outcome.kind === "returned") {
      if (actor.moving === undefined) this.#lost(actor, hostId);
      else {
        actor.sent.delete(number);
        if (call.stopError === undefined) actor.moving.returned.push(call);
        else this.#end(actor, call, { kind: "failed", error: call.stopError });
      }
      return true;
    }
    const state: ReadyState =
      outcome.kind === "error" && call.stopError !== undefined
        ? { kind: "failed", error: call.stopError }
        : readyStateOf(outcome, hostId);
    const isMoving = actor.moving?.call === call;
    const wasEnded = call.hasEnded;
    actor.sent.delete(number);
    if (state.kind === "failed") this.#forgetLogged(actor, call);
    if (wasEnded) {
      // It has been applied once more, and what it comes to is known.
      this.#calls.delete(number);
      if (outcome.kind === "stored") this.#deps.objects.disown(call.object.id, hostId);
    } else {
      this.#end(actor, call, state);
    }
    if (isMoving) this.#taken(actor, state);
    if (actor.saving?.id === call.object.id) this.#saved(actor, state);
    this.#endIfUnused(actor);
    return true;
  }

  /**
   * Ends a call that has not gone to its host; one that has is told to. One of a gang is stopped there, and it is its host that
   * tells whether it was done before that. False when it is no call of an actor.
   */
  cancel(id: string, given?: Error): boolean {
    const known = this.#calls.get(this.#deps.numberOf(id));
    if (known === undefined || known.call.hasEnded) return false;
    const { actor, call } = known;
    const { label, options } = call.template;
    const error = given ?? new TaskCancelledError(`${label} was cancelled`, { data: { kernel: label, id } });
    if (actor.sent.has(call.number) && options.actor!.gang !== undefined) {
      call.stopError ??= error;
      this.#deps.cancel(actor.hostId!, id);
      return true;
    }
    // One that is to be exactly once may have been applied: it stays under way, and nobody hears of it.
    if (actor.sent.has(call.number) && !call.isLogged) {
      this.#deps.hosts.callEnded(actor.hostId!, false);
      this.#deps.cancel(actor.hostId!, id);
      actor.sent.delete(call.number);
    }
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

  /**
   * Moves an actor to this host, or to any other. Calls wait meanwhile, in their order.
   * @throws InvalidTaskError when it is not anywhere just now, or that host has not left what it needs
   */
  move(id: string, to?: string): void {
    const hostId = this.hostOf(id);
    if (hostId === undefined)
      throw new InvalidTaskError(`actor ${id} is on no host just now`, {
        remedy: "Wait until a call of it has ended.",
        data: { id },
      });
    if (to === hostId) return;
    const actor = this.#actors.get(id)!;
    if (to !== undefined) this.#checkRoom(actor, to);
    const call = this.#ask(actor, "take");
    actor.moving = { to, call, returned: [] };
    this.#send(actor, hostId, call);
  }

  /**
   * A host has joined: it gets its part of the actors, from those that have most.
   * @param hostCount how many there are now
   */
  joined(hostId: string, hostCount: number): void {
    const byHost = new Map<string, string[]>();
    const left = new Ledger(this.#deps.hosts.leftOn(hostId));
    let count = 0;
    for (const { id, plan } of this.#actors.values()) {
      const from = this.hostOf(id);
      if (from === undefined || from === hostId || plan.isBundled || !left.fits(plan.need ?? {})) continue;
      const ids = byHost.get(from) ?? [];
      byHost.set(from, ids);
      ids.push(id);
      count++;
    }
    for (let part = Math.floor(count / hostCount); part > 0; part--) {
      const [largest] = [...byHost.values()].sort((one, other) => other.length - one.length);
      const id = largest!.pop()!;
      const { need = {} } = this.#actors.get(id)!.plan;
      if (!left.fits(need)) continue;
      left.take(need);
      this.move(id, hostId);
    }
  }

  #checkRoom({ id, plan }: ActorEntry, hostId: string): void {
    if (plan.isBundled)
      throw new InvalidTaskError(`actor ${id} is in a bundle of a placement group, and moves with that`, {
        data: { id },
      });
    const lacks = missing(plan.need ?? {}, this.#deps.hosts.leftOn(hostId));
    if (lacks.length === 0) return;
    const described = lacks.map(
      ({ name, needed, offered }) => `${needed} ${name}, and it has ${offered} left`,
    );
    throw new InvalidTaskError(`actor ${id} needs of host ${hostId} ${described.join("; ")}`, {
      remedy: "Move it to another host, or end an actor or a placement group there.",
      data: { id, host: hostId },
    });
  }

  /** A host is about to leave: its actors go elsewhere. */
  leaving(hostId: string): void {
    for (const id of [...this.#actors.keys()]) if (this.hostOf(id) === hostId) this.move(id);
  }

  /** A host is gone, or forgot us, and the actors there with it. */
  hostLost(hostId: string): void {
    for (const actor of [...this.#actors.values()]) if (actor.hostId === hostId) this.#lost(actor, hostId);
  }

  /** To be called now and then. */
  tick(): void {
    const nowMs = this.#deps.nowMs();
    for (const actor of this.#actors.values()) {
      const { unsavedMs, saving, plan } = actor;
      if (saving?.isSaved) this.#keep(actor);
      else if (unsavedMs !== undefined && nowMs - unsavedMs >= plan.checkpoint!.everyMs) this.#save(actor);
    }
  }

  /** Ends every call, with this error. */
  close(error: Error): void {
    for (const actor of this.#actors.values()) this.#die(actor, error);
  }

  /** @param state an object that is its state; it is dropped when the actor has been made of it, unless it is the checkpoint */
  #make(actor: ActorEntry, state?: string, to?: string): void {
    const { objects, make, end } = this.#deps;
    const id = make({
      ...actor.plan.making(state === undefined ? undefined : { state, hostId: to }),
      ranOn: (hostId) => {
        if (actor.error === undefined) actor.hostId = hostId;
        else end(hostId, actor.id);
      },
    });
    objects.onReady(id, (made) => {
      objects.drop(id);
      // That host is gone, but not what the actor was.
      const isElsewhere = made.kind === "failed" && to !== undefined && actor.error === undefined;
      if (isElsewhere) {
        this.#make(actor, state);
        return;
      }
      if (state !== undefined && state !== actor.checkpoint?.id) objects.drop(state);
      if (made.kind === "failed") this.#die(actor, initFailed(actor, made.error));
      else this.#goOn(actor);
    });
  }

  /** A call goes on when these are ready. */
  #await(actor: ActorEntry, call: ActorCall, refs: readonly string[]): void {
    call.missingCount = refs.length;
    for (const ref of refs) {
      this.#deps.objects.onReady(ref, (state) => {
        call.missingCount--;
        if (state.kind === "failed")
          this.#end(actor, call, { kind: "failed", error: withDependant(state.error, call.template.label) });
        this.#goOn(actor);
      });
    }
  }

  /** Sends what can go, in order. */
  #goOn(actor: ActorEntry): void {
    const { waiting, plan } = actor;
    for (let call = waiting.first; call !== undefined; call = waiting.first) {
      const isOver = call.hasEnded && !call.isLogged;
      if (!isOver) {
        const { hostId } = actor;
        if (hostId === undefined || actor.moving !== undefined || !this.#isReady(actor, call)) return;
        this.#send(actor, hostId, call);
      }
      waiting.shift();
      if (plan.checkpoint !== undefined && actor.unsavedCount >= plan.checkpoint.everyCalls)
        this.#save(actor);
    }
    this.#endIfUnused(actor);
  }

  /** Whoever it goes to ends it. */
  #forward(actor: ActorEntry, call: ActorCall): void {
    this.#calls.delete(call.number);
    actor.forward!(call);
    this.#letGo(call);
  }

  /** Whether all that a call takes is there. What has been lost since is about to be made again. */
  #isReady(actor: ActorEntry, call: ActorCall): boolean {
    if (call.missingCount > 0) return false;
    const lost = refsOf(call.args).filter((ref) => !this.#deps.objects.isReady(ref));
    if (lost.length > 0) this.#await(actor, call, lost);
    return call.missingCount === 0;
  }

  #send(actor: ActorEntry, hostId: string, call: ActorCall): void {
    const { hosts, send, nowMs } = this.#deps;
    const args = argsOn(this.#deps, hostId, call.args);
    if (args instanceof Error) {
      this.#forgetLogged(actor, call);
      this.#end(actor, call, { kind: "failed", error: withDependant(args, call.template.label) });
      return;
    }
    const { does, method } = call.template.options.actor!;
    if (does === "call" && actor.plan.checkpoint !== undefined && !actor.plan.reads(method!)) {
      if (!call.isLogged) actor.log.push(call);
      call.isLogged = true;
      actor.unsavedCount++;
      actor.unsavedMs ??= nowMs();
    }
    this.#calls.set(call.number, { actor, call });
    actor.sent.set(call.number, call);
    hosts.called(hostId, call.template.module);
    send(hostId, call, args);
  }

  /** A call for the actor's state; its result is held until it is dropped. */
  #ask(actor: ActorEntry, what: "save" | "take", args: readonly Encoded[] = []): ActorCall {
    const { objects, newId, numberOf } = this.#deps;
    const id = newId();
    return new ActorCall(numberOf(id), objects.create(id), actor.plan.templateOf(what), args, 0);
  }

  /** Has its host tell what the actor is after all that has gone there. */
  #save(actor: ActorEntry): void {
    const { hostId } = actor;
    if (actor.saving !== undefined || actor.moving !== undefined || hostId === undefined) return;
    const base = this.#checkpoints.baseOf(actor);
    const call = this.#ask(actor, "save", base === undefined ? [] : [encodeValue(base)]);
    // Those that are to be applied once more come later.
    const count = actor.log.length - [...actor.waiting].filter(({ isLogged }) => isLogged).length;
    actor.saving = { id: call.object.id, count, isSaved: false, isComing: base !== undefined };
    actor.unsavedCount = 0;
    actor.unsavedMs = undefined;
    this.#send(actor, hostId, call);
  }

  /** Its host has told. */
  #saved(actor: ActorEntry, state: ReadyState): void {
    if (state.kind === "failed") {
      this.#dropSaving(actor);
      return;
    }
    const saving = actor.saving!;
    saving.isSaved = true;
    if (state.kind === "remote") {
      saving.isComing ||= this.#checkpoints.hasRoomFor(actor, state.bytes);
      if (!saving.isComing) this.#deps.replicate(saving.id);
    }
    this.#keep(actor);
  }

  /** Once another than its host has the state, the calls that it contains need not be kept. */
  #keep(actor: ActorEntry): void {
    const { objects, nowMs, bringHome, kept } = this.#deps;
    const { id, count, isComing } = actor.saving!;
    const state = objects.state(id);
    if (state?.kind === "remote" && isComing) {
      const [hostId] = state.hosts;
      bringHome(id, hostId!);
      return;
    }
    // The host that had told it is gone, and the actor is elsewhere.
    if (state === undefined || state.kind === "failed") {
      this.#dropSaving(actor);
      return;
    }
    const isSafe = state.kind === "local" || (state.kind === "remote" && state.hosts.size > 1);
    if (!isSafe) return;
    let whole: string;
    try {
      whole = state.kind === "local" ? this.#checkpoints.wholeOf(actor, id, state.value) : id;
    } catch {
      // The host has told what makes no sense: it is asked for all of it.
      this.#dropSaving(actor);
      if (actor.checkpoint !== undefined) actor.checkpoint.told = undefined;
      return;
    }
    const calls = actor.log.splice(0, count);
    kept?.(
      actor.id,
      whole,
      calls.map(({ object }) => object.id),
    );
    for (const call of calls) this.#unlog(call);
    this.#checkpoints.set(actor, whole, id);
    actor.saving = undefined;
    if (actor.log.length > 0) actor.unsavedMs ??= nowMs();
  }

  #dropSaving(actor: ActorEntry): void {
    if (actor.saving === undefined) return;
    this.#deps.objects.drop(actor.saving.id);
    actor.saving = undefined;
    if (actor.log.length > 0) actor.unsavedMs ??= this.#deps.nowMs();
  }

  /** Its host has given it away: it is made where it is to be. */
  #taken(actor: ActorEntry, state: ReadyState): void {
    const { to, call, returned } = actor.moving!;
    actor.moving = undefined;
    actor.hostId = undefined;
    for (const each of returned.reverse()) actor.waiting.unshift(each);
    if (state.kind === "failed") {
      this.#deps.objects.drop(call.object.id);
      this.#die(actor, state.error);
      return;
    }
    this.#make(actor, call.object.id, to);
  }

  /** Its host is gone: it is made anew, if it may be, with all that was under way, if that may be sent again. */
  #lost(actor: ActorEntry, hostId: string): void {
    const { label, checkpoint } = actor.plan;
    const sent = [...(actor.moving?.returned ?? []), ...actor.sent.values()];
    for (const _ of actor.sent) this.#deps.hosts.callEnded(hostId, false);
    actor.sent.clear();
    actor.hostId = undefined;
    const data = { id: actor.id, host: hostId };
    if (actor.moving !== undefined) this.#deps.objects.drop(actor.moving.call.object.id);
    actor.moving = undefined;
    this.#dropSaving(actor);
    for (const call of sent)
      if (!isCall(call))
        this.#end(actor, call, { kind: "failed", error: new ActorDiedError("its host died") });
    if (checkpoint !== undefined) {
      this.#replay(actor, sent);
      return;
    }
    if (actor.restartsLeft <= 0) {
      const error = new ActorDiedError(`actor ${actor.id}, of ${label}, died with host ${hostId}`, {
        remedy: "Give it a checkpoint, or raise maxRestarts for it to be made anew on another host.",
        data,
      });
      for (const call of sent) this.#end(actor, call, { kind: "failed", error });
      this.#die(actor, error);
      return;
    }
    actor.restartsLeft--;
    const again = sent.filter((call) => !call.hasEnded && call.retriesLeft-- > 0);
    for (const call of sent) {
      if (again.includes(call)) continue;
      const error = new ActorUnavailableError(
        `host ${hostId} died with ${call.template.label} under way, and it is not known whether it was applied`,
        {
          remedy: "Call it again if that does no harm, set maxTaskRetries, or give the actor a checkpoint.",
          data,
        },
      );
      this.#end(actor, call, { kind: "failed", error });
    }
    for (const call of again.reverse()) actor.waiting.unshift(call);
    this.#make(actor);
  }

  /** All that has gone to its host since the checkpoint is applied once more, in the same order. */
  #replay(actor: ActorEntry, sent: readonly ActorCall[]): void {
    const unended = sent.filter((call) => !call.hasEnded);
    const all = new Set([...actor.log, ...unended, ...actor.waiting]);
    while (actor.waiting.shift() !== undefined);
    // Their numbers grow as they are submitted.
    for (const call of [...all].sort((one, other) => one.number - other.number)) actor.waiting.push(call);
    actor.unsavedCount = 0;
    actor.unsavedMs = undefined;
    this.#make(actor, actor.checkpoint?.id);
  }

  #die(actor: ActorEntry, error: Error): void {
    if (actor.error !== undefined) return;
    actor.error = error;
    this.#deps.gone(actor.id);
    for (const _ of actor.sent)
      if (actor.hostId !== undefined) this.#deps.hosts.callEnded(actor.hostId, false);
    const calls = [...actor.sent.values(), ...(actor.moving?.returned ?? [])];
    actor.sent.clear();
    for (let call = actor.waiting.shift(); call !== undefined; call = actor.waiting.shift()) calls.push(call);
    if (actor.moving !== undefined) this.#deps.objects.drop(actor.moving.call.object.id);
    actor.moving = undefined;
    actor.unsavedMs = undefined;
    this.#dropSaving(actor);
    for (const call of actor.log.splice(0)) this.#unlog(call);
    for (const call of calls) this.#end(actor, call, { kind: "failed", error });
    this.#checkpoints.drop(actor);
    this.#endIfUnused(actor);
  }

  /** The program hears of a call; what it takes is let go of, unless it may have to be applied again. */
  #end(actor: ActorEntry, call: ActorCall, state: ReadyState): void {
    if (call.hasEnded) return;
    call.hasEnded = true;
    if (!actor.sent.has(call.number)) this.#calls.delete(call.number);
    this.#deps.objects.decide(call.object, state);
    if (!call.isLogged) this.#letGo(call);
  }

  /** A call has failed, and so has changed nothing. */
  #forgetLogged(actor: ActorEntry, call: ActorCall): void {
    if (!call.isLogged) return;
    const at = actor.log.indexOf(call);
    if (at >= 0) actor.log.splice(at, 1);
    if (actor.saving !== undefined && at >= 0 && at < actor.saving.count) actor.saving.count--;
    this.#unlog(call);
  }

  #unlog(call: ActorCall): void {
    call.isLogged = false;
    if (call.hasEnded) this.#letGo(call);
  }

  #letGo({ args }: ActorCall): void {
    for (const ref of refsOf(args)) this.#deps.objects.unuse(ref);
  }

  #endIfUnused(actor: ActorEntry): void {
    if (!actor.isReleased || actor.pendingCount > 0 || actor.moving !== undefined) return;
    const isAnother = actor.forward !== undefined;
    if (actor.error === undefined && actor.hostId === undefined && !isAnother) return;
    if (!this.#actors.delete(actor.id) || actor.error !== undefined) return;
    if (!isAnother) this.#deps.end(actor.hostId!, actor.id);
    this.#die(actor, new ActorDiedError(`nobody has a handle of actor ${actor.id}`));
  }
}

/** A template for one call alone. */
const inGang = (template: TaskTemplate, gang: GangPlace): TaskTemplate => ({
  ...template,
  options: { ...template.options, actor: { ...template.options.actor!, gang } },
});

const isCall = ({ template }: ActorCall) => template.options.actor!.does === "call";

const initFailed = ({ id, plan }: ActorEntry, cause: Error) =>
  new ActorDiedError(`${plan.label} could not be made: ${cause.message}`, {
    data: { id, actorInitFailed: true },
    cause,
  });
