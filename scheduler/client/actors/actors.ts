import type { ActorCall, ActorPlan } from "../../actors/actor-entry.ts";
import { ActorTable, type ActorTableDeps } from "../../actors/actor-table.ts";
import type { Replayed } from "../../detached/call-log.ts";
import { methodNumber } from "../../manifest/check.ts";
import type { Keeper } from "../../ownership/object-table.ts";
import {
  type ActorAddress,
  type ActorKey,
  type ActorName,
  handleValue,
} from "../../protocol/actor-address.ts";
import type { GangPlace, WaitTarget } from "../../protocol/messages.ts";
import { bytesOf, type Encoded, encodeValue } from "../../protocol/value.ts";
import { Answering, type AnsweringDeps } from "./answering.ts";
import { Calling, type CallingDeps } from "./calling.ts";
import { type MakingDetached, makeDetached } from "./make-detached.ts";
import { Naming, type NamingDeps } from "./naming.ts";
import { notInGang } from "./not-in-gang.ts";
import type { OwnedDetached } from "./owned-detached.ts";

export type ActorsDeps = Omit<ActorTableDeps, "gone" | "kept"> &
  CallingDeps &
  Pick<AnsweringDeps, "newId" | "borrow"> &
  Pick<NamingDeps, "control"> &
  MakingDetached & {
    /** Tells a host that a gang is over. */
    endGang(hostId: string, group: string): void;
    /** The arguments of a call, of which those that are too large for a message are objects until it is submitted. */
    withPlaced(
      given: readonly (Encoded | string)[],
      submit: (args: readonly (Encoded | string)[]) => void,
    ): void;
  };

/** What a program says of a detached actor that it wants. */
export type DetachedRequest = Claim & {
  options: Record<string, unknown>;
  args: readonly (Encoded | string)[];
};

/** The object that stands for the handles of an actor. */
const standingFor = (address: ActorAddress) =>
  ({ kind: "local", value: encodeValue(handleValue(address)) }) as const;

/** A name that an actor is to have; or, with `getIfExists`, whose actor is to be called if there is one. */
export type Claim = ActorName & { getIfExists: boolean };

/**
 * The actors of a client: those that it has made, for others to call, too; and those of others that it calls. What stands
 * for the handles of an actor is an object of its id, whose value is what kernels have of it: refs of that keep the actor.
 */
export class Actors {
  readonly #deps: ActorsDeps;
  readonly #table: ActorTable;
  readonly #calling: Calling;
  readonly #answering: Answering;
  readonly #naming: Naming;
  /** The names of actors of ours, by their ids. */
  readonly #names = new Map<string, ActorName>();
  /** The actors of others that are called in the place of ours, by the ids of these. */
  readonly #others = new Map<string, ActorAddress>();
  /** The hosts that calls of each gang have gone to. */
  readonly #gangs = new Map<string, Set<string>>();
  /** Those of ours that outlive us. */
  readonly #detached = new Map<string, OwnedDetached>();

  constructor(deps: ActorsDeps) {
    this.#deps = deps;
    const { bus, subjects, clientId } = deps;
    this.#table = new ActorTable({
      ...deps,
      send: (hostId, call, args) => {
        const { gang } = call.template.options.actor!;
        if (gang !== undefined)
          this.#gangs.set(gang.group, (this.#gangs.get(gang.group) ?? new Set()).add(hostId));
        deps.send(hostId, call, args);
      },
      gone: (id) => this.#gone(id),
      kept: (id, state, calls) => this.#detached.get(id)?.kept(this.#value(state), calls),
    });
    this.#calling = new Calling(deps);
    this.#answering = new Answering({
      ...deps,
      call: (actor, method, id, args) => this.#callByName(actor, method, id, args),
      detached: (actor) => this.#detached.get(actor),
      value: (id) => this.#value(id),
      cancel: (id) => this.cancel(id),
      kill: (id) => this.kill(this.#own(id)),
      move: (id, host) => this.move(this.#own(id), host),
    });
    this.#naming = new Naming({
      control: deps.control,
      isThere: async ({ owner, id }) =>
        owner === clientId ? this.#table.isAlive(id) : bus.isListening(subjects.alive(owner)),
    });
  }

  /** Makes an actor, held once by the program. Returns its address. */
  make(planOf: (id: string) => ActorPlan, claim?: Claim): ActorAddress {
    const { objects } = this.#deps;
    const address = this.#add(planOf);
    if (claim !== undefined) {
      void this.#become(address.id, this.#named(address, claim));
      return address;
    }
    objects.create(address.id, standingFor(address));
    this.#table.make(address.id);
    return address;
  }

  /** Has a host make and own a detached actor, and calls that. Returns the address by which it is called here. */
  makeDetached(planOf: (id: string) => ActorPlan, request: DetachedRequest): ActorAddress {
    const address = this.#add(planOf);
    void this.#become(address.id, this.#madeDetached(address, request));
    return address;
  }

  #add(planOf: (id: string) => ActorPlan): ActorAddress {
    const { newId, clientId: owner } = this.#deps;
    const id = newId();
    const plan = planOf(id);
    this.#table.add(id, plan);
    return { owner, id, ...plan.of };
  }

  /** An actor that was added is at this address, once that is known: it is made, or another is called in its place. */
  async #become(id: string, address: Promise<ActorAddress>): Promise<void> {
    const { objects } = this.#deps;
    objects.create(id);
    try {
      const known = await address;
      if (known.id === id) this.#table.make(id);
      else this.#isAnother(id, known);
      objects.settle(id, standingFor(known));
    } catch (error) {
      this.#table.fail(id, error as Error);
      objects.settle(id, { kind: "failed", error: error as Error });
    }
  }

  async #named(address: ActorAddress, { getIfExists, ...name }: Claim): Promise<ActorAddress> {
    const known = await this.#naming.claim(name, address, getIfExists);
    if (known.id !== address.id) return known;
    // It may have been killed meanwhile.
    if (this.#table.isAlive(known.id)) this.#names.set(known.id, name);
    else void this.#naming.drop(name, address);
    return known;
  }

  async #madeDetached({ id: key }: ActorAddress, { args, ...claim }: DetachedRequest): Promise<ActorAddress> {
    const { label, of } = this.#table.planOf(key);
    const values = args.map((arg) => (typeof arg === "string" ? this.#value(arg) : bytesOf(arg)));
    return makeDetached(this.#deps, { key, label, ...of, ...claim, args: await Promise.all(values) });
  }

  /**
   * Owns a detached actor from now on.
   * @param state what it is: its encoded snapshot; without one, it is made by its constructor
   * @param calls that were made since, and are applied again
   */
  adopt(
    id: string,
    plan: ActorPlan,
    detached: OwnedDetached,
    state?: Uint8Array,
    calls: readonly (Replayed & { method: string; args: readonly Uint8Array[] })[] = [],
  ): void {
    const { objects, newId } = this.#deps;
    const address = { owner: this.#deps.clientId, id, ...plan.of, detached: detached.name };
    // Nobody drops it before the actor is gone.
    objects.create(id, standingFor(address));
    this.#detached.set(id, detached);
    const stateId = state && newId();
    if (stateId !== undefined) objects.create(stateId, { kind: "local", value: state! });
    this.#table.add(id, plan);
    for (const { id: resultId, method, args } of calls)
      this.#deps.withPlaced(args, (placed) => {
        this.#table.replay(id, methodNumber(plan.label, plan.methods, method), resultId, placed);
      });
    if (detached.log !== undefined) this.#answering.replayed(detached.log, calls);
    this.#table.make(id, stateId);
  }

  /** A detached actor is about to be ours, by `adopt`. Returns how to tell that it is, or will not be: calls wait until then. */
  expect(id: string): () => void {
    return this.#answering.expect(id);
  }

  /** Asks a detached actor of ours for its encoded snapshot, after all that it has been called; it goes on. */
  async snapshotOf(id: string): Promise<Uint8Array> {
    const state = this.#table.ask(id);
    const value = await this.#value(state);
    this.#deps.objects.drop(state);
    return value;
  }

  /** Ends a detached actor here that is leaving: others have it from now on, and who still calls it here is told so. */
  letGo(id: string): void {
    this.#table.kill(id);
    this.#deps.objects.drop(id);
  }

  /** The actor that has this name. @throws ActorNotFoundError */
  find(name: ActorName): Promise<ActorAddress> {
    return this.#naming.find(name);
  }

  /**
   * Calls a method; the result is for this keeper if there is one, and has this id.
   * @throws PendingCallsLimitExceededError, and ActorDiedError or KernelNotFoundError without a number, for an actor of ours
   */
  call(
    address: ActorAddress,
    method: { number?: number; name: string },
    given: readonly (Encoded | string)[],
    { id, keeper, gang }: { id: string; keeper?: Keeper; gang?: GangPlace | undefined },
  ): void {
    const { clientId, withPlaced, objects } = this.#deps;
    // Those of a detached one all go the same way, since they may have to be written down.
    const isOwn = address.owner === clientId && address.detached === undefined;
    if (isOwn && method.number === undefined) this.#callByName(address.id, method.name, id, given, keeper);
    else
      withPlaced(given, (args) => {
        if (isOwn) this.#table.call(address.id, method.number!, id, args, { keeper, gang });
        else
          this.#callOther(address, method.name, {
            object: objects.create(id, undefined, undefined, keeper),
            args,
          });
      });
  }

  /** Ends an actor at once. */
  kill(address: ActorAddress): void {
    const { owner, id } = this.#meant(address);
    if (owner === this.#deps.clientId) this.#table.kill(id);
    else this.#calling.kill({ owner, id });
  }

  /**
   * Moves an actor to a host. Calls wait meanwhile.
   * @throws InvalidTaskError when it is on none just now
   */
  move(address: ActorAddress, hostId: string): void {
    const { owner, id } = this.#meant(address);
    if (owner === this.#deps.clientId) this.#table.move(id, hostId);
    else this.#calling.move({ owner, id }, hostId);
  }

  /** Where an actor is, as far as it is known here. */
  hostOf(address: ActorAddress): string | undefined {
    return this.#table.hostOf(this.#meant(address).id);
  }

  /** Nobody has a ref of this object any more: if it stands for an actor, that ends when its calls have. */
  freed(id: string): void {
    this.#table.release(id);
    const other = this.#others.get(id);
    if (other === undefined) return;
    this.#others.delete(id);
    if (other.detached === undefined) this.#deps.objects.drop(other.id);
  }

  /** Takes in how a call ended on a host. False when it is none of these. */
  ended(...given: Parameters<ActorTable["ended"]>): boolean {
    return this.#table.ended(...given);
  }

  /** Ends a call, with this error if there is one. False when it is none of these. */
  cancel(id: string, error?: Error): boolean {
    return this.#table.cancel(id, error) || this.#calling.cancel(id);
  }

  /** @throws InvalidTaskError when calls of an actor can't be those of a gang, ActorDiedError */
  checkGang(address: ActorAddress): void {
    const meant = this.#others.get(address.id) ?? address;
    if (meant.detached !== undefined) throw notInGang(meant, "it is detached");
    if (meant.owner !== this.#deps.clientId) throw notInGang(meant, "it is another program's");
    if (this.#table.planOf(meant.id).checkpoint !== undefined) throw notInGang(meant, "it has a checkpoint");
  }

  /** All calls of a gang have ended: the hosts that have had any forget it. */
  endGang(group: string): void {
    for (const hostId of this.#gangs.get(group) ?? []) this.#deps.endGang(hostId, group);
    this.#gangs.delete(group);
  }

  /** What a call that has not ended is to: the actor, and the method. Undefined when it is none of these. */
  targetOf(id: string): WaitTarget | undefined {
    return this.#table.targetOf(id) ?? this.#calling.targetOf(id);
  }

  /** Whether a method of an actor of ours runs beside others of it. */
  runsBeside(actorId: string, method: string): boolean {
    return this.#table.runsBeside(actorId, method);
  }

  /** A host has joined, and there are so many now. */
  joined(hostId: string, hostCount: number): void {
    this.#table.joined(hostId, hostCount);
  }

  /** A host is about to leave. */
  leaving(hostId: string): void {
    this.#table.leaving(hostId);
  }

  hostLost(hostId: string): void {
    this.#table.hostLost(hostId);
  }

  /** Our connection was lost, and is back. */
  reconnected(): void {
    this.#calling.reconnected();
    this.#answering.reconnected();
  }

  /** To be called now and then. */
  tick(nowMs: number): void {
    this.#table.tick();
    this.#calling.tick(nowMs);
    this.#answering.tick();
  }

  /** Ends every call, with this error. */
  close(error: Error): void {
    this.#table.close(error);
    this.#calling.close(error);
    this.#answering.close();
  }

  #callByName(
    actorId: string,
    method: string,
    id: string,
    given: readonly (Encoded | string)[],
    keeper?: Keeper,
  ): void {
    const { label, methods } = this.#table.planOf(actorId);
    const number = methodNumber(label, methods, method);
    this.#deps.withPlaced(given, (args) => this.#table.call(actorId, number, id, args, { keeper }));
  }

  #callOther(address: ActorAddress, method: string, call: Pick<ActorCall, "object" | "args">): void {
    this.#calling.call(address, method, { ...call, label: `${address.actor}.${method}` });
  }

  /** The actor of this id is one that was there before: what is called here goes there. */
  #isAnother(id: string, known: ActorAddress): void {
    // A detached one needs nobody to hold it.
    if (known.detached === undefined) this.#deps.borrow(known.id, known.owner);
    this.#others.set(id, known);
    const { methods } = this.#table.planOf(id);
    const { objects } = this.#deps;
    this.#table.isAnother(id, ({ object, args, template }) => {
      const { method: number, gang } = template.options.actor!;
      const method = methods[number! - 1]!;
      if (known.owner === this.#deps.clientId && known.detached === undefined)
        this.#table.callInto(known.id, method, object, args, gang);
      else if (gang === undefined) this.#callOther(known, method, { object, args });
      else objects.decide(object, { kind: "failed", error: notInGang(known, "it is another program's") });
    });
  }

  /** The actor that is called by this address. */
  #meant(address: ActorAddress): ActorKey {
    return this.#calling.addressOf(this.#others.get(address.id) ?? address);
  }

  /** The encoded value of an object, once it is ready. */
  async #value(id: string): Promise<Uint8Array> {
    const { objects, fetch } = this.#deps;
    objects.use(id);
    try {
      return await fetch(id, await new Promise((resolve) => objects.onReady(id, resolve)));
    } finally {
      objects.unuse(id);
    }
  }

  #gone(id: string): void {
    const detached = this.#detached.get(id);
    if (detached !== undefined && !detached.isLeaving) {
      this.#detached.delete(id);
      this.#deps.objects.drop(id);
      detached.gone();
    }
    const name = this.#names.get(id);
    if (name === undefined) return;
    this.#names.delete(id);
    void this.#naming.drop(name, this.#own(id));
  }

  /** @throws ActorDiedError */
  #own(id: string): ActorAddress {
    return { owner: this.#deps.clientId, id, ...this.#table.planOf(id).of };
  }
}
