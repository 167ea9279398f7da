import type { ActorCall } from "../../actors/actor-entry.ts";
import type { Bus, Subscription } from "../../bus/bus.ts";
import { Exchange } from "../../bus/exchange.ts";
import { refsOf } from "../../dataflow/resolve-args.ts";
import { AbsentOwners } from "../../ownership/absent-owners.ts";
import type { ObjectTable, ReadyState } from "../../ownership/object-table.ts";
import type { ActorKey } from "../../protocol/actor-address.ts";
import { decodePacketToCaller, encodeMessage } from "../../protocol/codec.ts";
import {
  ActorUnavailableError,
  fromWireError,
  OwnerDiedError,
  TaskCancelledError,
} from "../../protocol/errors.ts";
import { sessionName } from "../../protocol/ids.ts";
import type { OwnedArg, ToCaller, ToOwner } from "../../protocol/messages.ts";
import type { Subjects } from "../../protocol/subjects.ts";
import { bytesOf } from "../../protocol/value.ts";

/** How often it is looked whether owners are there that say nothing, and how often they are told that we are, in ms. */
const lookMs = 200;
const aliveMs = 1_000;
/** About what a message takes beside its arguments. */
const overheadBytes = 100;

export type CallingDeps = {
  bus: Bus;
  subjects: Subjects;
  objects: ObjectTable;
  clientId: string;
  /** The client that owns an object. */
  ownerOf(id: string): string;
  /** Others may borrow an object. */
  lend(id: string): void;
  /** Takes up an object of another owner; its value, once it is ready. */
  borrow(id: string, owner: string): void;
  fetch(id: string, state: ReadyState): Promise<Uint8Array>;
};

/** A call of which the outcome is not known: `call.object` is where that goes. */
export type OutgoingCall = Pick<ActorCall, "object" | "args"> & { label: string };

type Pending = OutgoingCall & { owner: string; actor: string; method: string };

/**
 * The calls of this client to actors of others. They go to the owner, which has all calls of an actor in one order, in the
 * order in which they are made here, each once.
 */
export class Calling {
  readonly #deps: CallingDeps;
  readonly #exchange: Exchange<ToOwner, ToCaller>;
  readonly #pending = new Map<number, Pending>();
  readonly #numbers = new Map<string, number>();
  readonly #absent: AbsentOwners;
  readonly #subscription: Subscription;
  #callCount = 0;
  #sessionCount = 0;
  #lookedMs = 0;
  #touchedMs = 0;

  constructor(deps: CallingDeps) {
    this.#deps = deps;
    const { bus, subjects, clientId } = deps;
    this.#exchange = new Exchange({
      id: clientId,
      publish: (owner, packet) => bus.publish(subjects.actorCalls(owner), encodeMessage(packet)),
      deliver: (owner, message) => this.#ended(owner, message),
      onReset: (owner) => this.#lost(owner, forgotten),
    });
    this.#absent = new AbsentOwners({
      isListening: (owner) => bus.isListening(subjects.alive(owner)),
      died: (owner) => this.#lost(owner, died),
      nowMs: () => performance.now(),
    });
    this.#subscription = bus.subscribe(subjects.actorResults(clientId), (payload) =>
      this.#exchange.receive(decodePacketToCaller(payload)),
    );
  }

  /** Calls a method; the objects that it takes are in use until its object is decided. */
  call({ owner, id }: ActorKey, method: string, call: OutgoingCall): void {
    const { objects, ownerOf, lend } = this.#deps;
    const number = this.#callCount++;
    this.#pending.set(number, { ...call, owner, actor: id, method });
    this.#numbers.set(call.object.id, number);
    for (const ref of refsOf(call.args)) objects.use(ref);
    const args = call.args.map((arg): OwnedArg => {
      if (typeof arg !== "string") return bytesOf(arg);
      const of = ownerOf(arg);
      if (of === this.#deps.clientId) lend(arg);
      return { ref: arg, owner: of };
    });
    const bytes =
      overheadBytes + args.reduce((sum, each) => sum + (each instanceof Uint8Array ? each.length : 100), 0);
    this.#send(owner, { kind: "callActor", number, actor: id, method, args }, bytes);
  }

  /** Ends a call. False when it is none of these. */
  cancel(id: string): boolean {
    const number = this.#numbers.get(id);
    if (number === undefined) return false;
    const { owner, label } = this.#pending.get(number)!;
    this.#send(owner, { kind: "cancelCall", number });
    const error = new TaskCancelledError(`${label} was cancelled`, { data: { kernel: label, id } });
    this.#settle(number, { kind: "failed", error });
    return true;
  }

  /** What a call is to: the actor, and the method. Undefined when it is none of these. */
  targetOf(id: string): { id: string; method: string } | undefined {
    const call = this.#pending.get(this.#numbers.get(id) ?? -1);
    return call && { id: call.actor, method: call.method };
  }

  kill({ owner, id }: ActorKey): void {
    this.#send(owner, { kind: "killActor", actor: id });
  }

  move({ owner, id }: ActorKey, host: string): void {
    this.#send(owner, { kind: "moveActor", actor: id, host });
  }

  /** Our connection was lost, and is back. */
  reconnected(): void {
    this.#exchange.reconnected();
    this.#absent.reconnected();
  }

  /** To be called now and then. */
  tick(nowMs: number): void {
    if (this.#exchange.peers.length === 0) return;
    if (nowMs - this.#touchedMs >= aliveMs) {
      this.#touchedMs = nowMs;
      this.#exchange.touch();
    }
    if (nowMs - this.#lookedMs < lookMs) return;
    this.#lookedMs = nowMs;
    this.#absent.look(new Set([...this.#pending.values()].map(({ owner }) => owner)));
  }

  /** What has not come by now fails. */
  close(error: Error): void {
    for (const number of [...this.#pending.keys()]) this.#settle(number, { kind: "failed", error });
    this.#exchange.flush();
    this.#exchange.close();
    this.#subscription.unsubscribe();
  }

  #send(owner: string, message: ToOwner, bytes = overheadBytes): void {
    if (!this.#exchange.has(owner)) this.#exchange.open(owner, sessionName(this.#sessionCount++));
    this.#exchange.send(owner, message, bytes);
  }

  #ended(owner: string, { number, outcome }: ToCaller): void {
    if (outcome.kind === "object") {
      this.#take(owner, number, outcome.id);
      return;
    }
    if (outcome.kind === "value") this.#settle(number, { kind: "local", value: outcome.value.slice() });
    else this.#settle(number, { kind: "failed", error: fromWireError(outcome.error) });
  }

  /** A result that its owner has kept, since it is large. */
  #take(owner: string, number: number, id: string): void {
    const { objects, borrow, fetch } = this.#deps;
    borrow(id, owner);
    objects.onReady(id, (state) => {
      fetch(id, state)
        .then(
          (value) => this.#settle(number, { kind: "local", value }),
          (error) => this.#settle(number, { kind: "failed", error }),
        )
        .finally(() => {
          objects.drop(id);
          if (this.#exchange.has(owner)) this.#send(owner, { kind: "tookResult", number });
        });
    });
  }

  #settle(number: number, state: ReadyState): void {
    const call = this.#pending.get(number);
    if (call === undefined) return;
    this.#pending.delete(number);
    this.#numbers.delete(call.object.id);
    this.#deps.objects.decide(call.object, state);
    for (const ref of refsOf(call.args)) this.#deps.objects.unuse(ref);
  }

  /** An owner is gone, or knows nothing of us any more. */
  #lost(owner: string, errorOf: (owner: string, label: string) => Error): void {
    this.#exchange.forget(owner);
    for (const [number, call] of [...this.#pending])
      if (call.owner === owner) this.#settle(number, { kind: "failed", error: errorOf(owner, call.label) });
  }
}

const died = (owner: string, label: string) =>
  new OwnerDiedError(`the client ${owner}, which owns the actor, died with ${label} under way`, {
    remedy: 'An actor that has to outlive its program is made with lifetime: "detached".',
    data: { owner },
  });

const forgotten = (owner: string, label: string) =>
  new ActorUnavailableError(
    `the client ${owner}, which owns the actor, has not heard of us for long, and ended ${label}`,
    {
      remedy: "Call it again if that does no harm.",
      data: { owner },
    },
  );
