import type { ActorCall, ActorPlan } from "../../actors/actor-entry.ts";
import { ActorTable, type ActorTableDeps } from "../../actors/actor-table.ts";
import { methodNumber } from "../../manifest/check.ts";
import type { Keeper } from "../../ownership/object-table.ts";
import {
  type ActorAddress,
  type ActorKey,
  type ActorName,
  handleValue,
} from "../../protocol/actor-address.ts";
import { type Encoded, encodeValue } from "../../protocol/value.ts";
import { Answering, type AnsweringDeps } from "./answering.ts";
import { Calling, type CallingDeps } from "./calling.ts";
import { Naming, type NamingDeps } from "./naming.ts";

export type ActorsDeps = Omit<ActorTableDeps, "gone"> &
  CallingDeps &
  Pick<AnsweringDeps, "newId" | "borrow"> &
  Pick<NamingDeps, "control"> & {
    /** The arguments of a call, of which those that are too large for a message are objects until it is submitted. */
    withPlaced(
      given: readonly (Encoded | string)[],
      submit: (args: readonly (Encoded | string)[]) => void,
    ): void;
  };

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

  constructor(deps: ActorsDeps) {
    this.#deps = deps;
    const { bus, subjects, clientId } = deps;
    this.#table = new ActorTable({ ...deps, gone: (id) => this.#gone(id) });
    this.#calling = new Calling(deps);
    this.#answering = new Answering({
      ...deps,
      call: (actor, method, id, args) => this.#callByName(actor, method, id, args),
      cancel: (id) => this.cancel(id),
      kill: (id) => this.kill({ owner: clientId, id }),
      move: (id, host) => this.move({ owner: clientId, id }, host),
    });
    this.#naming = new Naming({
      control: deps.control,
      isThere: async ({ owner, id }) =>
        owner === clientId ? this.#table.isAlive(id) : bus.isListening(subjects.alive(owner)),
    });
  }

  /** Makes an actor, held once by the program. Returns its address. */
  make(planOf: (id: string) => ActorPlan, claim?: Claim): ActorAddress {
    const { newId, objects, clientId: owner } = this.#deps;
    const id = newId();
    const plan = planOf(id);
    const address = { owner, id, ...plan.of };
    this.#table.add(id, plan);
    if (claim === undefined) {
      objects.create(id, { kind: "local", value: encodeValue(handleValue(address)) });
      this.#table.make(id);
    } else {
      objects.create(id);
      void this.#makeNamed(address, claim);
    }
    return address;
  }

  async #makeNamed(address: ActorAddress, { getIfExists, ...name }: Claim): Promise<void> {
    const { objects } = this.#deps;
    const { id } = address;
    try {
      const known = await this.#naming.claim(name, address, getIfExists);
      if (known.id !== id) this.#isAnother(id, known);
      // It may have been killed meanwhile.
      else if (!this.#table.isAlive(id)) void this.#naming.drop(name, address);
      else {
        this.#names.set(id, name);
        this.#table.make(id);
      }
      objects.settle(id, { kind: "local", value: encodeValue(handleValue(known)) });
    } catch (error) {
      this.#table.fail(id, error as Error);
      objects.settle(id, { kind: "failed", error: error as Error });
    }
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
    { id, keeper }: { id: string; keeper?: Keeper },
  ): void {
    const { clientId, withPlaced, objects } = this.#deps;
    if (address.owner === clientId && method.number === undefined)
      this.#callByName(address.id, method.name, id, given, keeper);
    else
      withPlaced(given, (args) => {
        if (address.owner === clientId) this.#table.call(address.id, method.number!, id, args, keeper);
        else
          this.#callOther(address, method.name, {
            object: objects.create(id, undefined, undefined, keeper),
            args,
          });
      });
  }

  /** Ends an actor at once. */
  kill(address: ActorKey): void {
    const { owner, id } = this.#meant(address);
    if (owner === this.#deps.clientId) this.#table.kill(id);
    else this.#calling.kill({ owner, id });
  }

  /**
   * Moves an actor to a host. Calls wait meanwhile.
   * @throws InvalidTaskError when it is on none just now
   */
  move(address: ActorKey, hostId: string): void {
    const { owner, id } = this.#meant(address);
    if (owner === this.#deps.clientId) this.#table.move(id, hostId);
    else this.#calling.move({ owner, id }, hostId);
  }

  /** Where an actor is, as far as it is known here. */
  hostOf(address: ActorKey): string | undefined {
    return this.#table.hostOf(this.#meant(address).id);
  }

  /** Nobody has a ref of this object any more: if it stands for an actor, that ends when its calls have. */
  freed(id: string): void {
    this.#table.release(id);
    const other = this.#others.get(id);
    if (other === undefined) return;
    this.#others.delete(id);
    this.#deps.objects.drop(other.id);
  }

  /** Takes in how a call ended on a host. False when it is none of these. */
  ended(...given: Parameters<ActorTable["ended"]>): boolean {
    return this.#table.ended(...given);
  }

  /** Ends a call. False when it is none of these. */
  cancel(id: string): boolean {
    return this.#table.cancel(id) || this.#calling.cancel(id);
  }

  /** What a call that has not ended is to: the actor, and the method. Undefined when it is none of these. */
  targetOf(id: string): { id: string; method: string } | undefined {
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
    this.#deps.withPlaced(given, (args) => this.#table.call(actorId, number, id, args, keeper));
  }

  #callOther(address: ActorAddress, method: string, call: Pick<ActorCall, "object" | "args">): void {
    this.#calling.call(address, method, { ...call, label: `${address.actor}.${method}` });
  }

  /** The actor of this id is one that was there before: what is called here goes there. */
  #isAnother(id: string, known: ActorAddress): void {
    this.#deps.borrow(known.id, known.owner);
    this.#others.set(id, known);
    const { methods } = this.#table.planOf(id);
    this.#table.isAnother(id, ({ object, args, template }) => {
      const method = methods[template.options.actor!.method! - 1]!;
      if (known.owner === this.#deps.clientId) this.#table.callInto(known.id, method, object, args);
      else this.#callOther(known, method, { object, args });
    });
  }

  /** The actor that is called by this address. */
  #meant(address: ActorKey): ActorKey {
    return this.#others.get(address.id) ?? address;
  }

  #gone(id: string): void {
    const name = this.#names.get(id);
    if (name === undefined) return;
    this.#names.delete(id);
    void this.#naming.drop(name, { owner: this.#deps.clientId, id, ...this.#table.planOf(id).of });
  }
}
