import type { ActorCall } from "../../actors/actor-entry.ts";
import type { Bus, Subscription } from "../../bus/bus.ts";
import { Exchange } from "../../bus/exchange.ts";
import { refsOf } from "../../dataflow/resolve-args.ts";
import { AbsentOwners } from "../../ownership/absent-owners.ts";
import type { ObjectTable, ReadyState } from "../../ownership/object-table.ts";
import { type ActorAddress, type ActorKey, nameKey } from "../../protocol/actor-address.ts";
import { decodePacketToCaller, encodeMessage } from "../../protocol/codec.ts";
import {
  ActorUnavailableError,
  fromWireError,
  OwnerDiedError,
  TaskCancelledError,
} from "../../protocol/errors.ts";
import { sessionName } from "../../protocol/ids.ts";
import type { OwnedArg, ToCaller, ToOwner, WaitTarget } from "../../protocol/messages.ts";
import type { Subjects } from "../../protocol/subjects.ts";
import { bytesOf } from "../../protocol/value.ts";
import { Routes, type RoutesDeps } from "./routes.ts";

/** How often it is looked whether owners are there that say nothing, and how often they are told that we are, in ms. */
const lookMs = 200;
const aliveMs = 1_000;
/** A call of a detached actor that takes so long, in ms, may be with an owner that is not it any more. */
const silentMs = 300;
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

type Pending = OutgoingCall & {
  number: number;
  /** What it was called by, and who has the call; undefined while that is looked for. */
  address: ActorAddress;
  owner: string | undefined;
  method: string;
  sentMs: number;
  /** An owner that had it has died. */
  isAgain: boolean;
};

/**
 * The calls of this client to actors of others. They go to the owner, which has all calls of an actor in one order, in the
 * order in which they are made here, each once. A detached actor gets another owner when its own is gone, and then the calls
 * that have not ended.
 */
export class Calling {
  readonly #deps: CallingDeps;
  readonly #exchange: Exchange<ToOwner, ToCaller>;
  /** By their numbers, in the order in which they were made. */
  readonly #pending = new Map<number, Pending>();
  readonly #numbers = new Map<string, number>();
  readonly #routes: Routes;
  readonly #absent: AbsentOwners;
  readonly #subscription: Subscription;
  #callCount = 0;
  #sessionCount = 0;
  #lookedMs = 0;
  #touchedMs = 0;

  constructor(deps: CallingDeps & RoutesDeps) {
    this.#deps = deps;
    const { bus, subjects, clientId } = deps;
    this.#routes = new Routes(deps);
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
  call(address: ActorAddress, method: string, call: OutgoingCall): void {
    const { objects, clientId, ownerOf, lend } = this.#deps;
    const number = this.#callCount++;
    const pending = { ...call, number, address, owner: undefined, method, sentMs: 0, isAgain: false };
    this.#pending.set(number, pending);
    this.#numbers.set(call.object.id, number);
    for (const ref of refsOf(call.args)) {
      objects.use(ref);
      if (ownerOf(ref) === clientId) lend(ref);
    }
    this.#sendOn(pending);
  }

  /** Ends a call. False when it is none of these. */
  cancel(id: string): boolean {
    const number = this.#numbers.get(id);
    if (number === undefined) return false;
    const { owner, label } = this.#pending.get(number)!;
    if (owner !== undefined) this.#send(owner, { kind: "cancelCall", number });
    const error = new TaskCancelledError(`${label} was cancelled`, { data: { kernel: label, id } });
    this.#settle(number, { kind: "failed", error });
    return true;
  }

  /** What a call is to. Undefined when it is none of these. */
  targetOf(id: string): WaitTarget | undefined {
    const call = this.#pending.get(this.#numbers.get(id) ?? -1);
    return call && { id: this.#routes.of(call.address).id, method: call.method };
  }

  kill({ owner, id }: ActorKey): void {
    this.#send(owner, { kind: "killActor", actor: id });
  }

  move({ owner, id }: ActorKey, host: string): void {
    this.#send(owner, { kind: "moveActor", actor: id, host });
  }

  /** Where an actor is called now. */
  addressOf(address: ActorAddress): ActorAddress {
    return this.#routes.of(address);
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
    this.#lookForMoved(nowMs);
    this.#absent.look(new Set([...this.#pending.values()].flatMap(({ owner }) => owner ?? [])));
  }

  /** An owner that says nothing may be frozen, and its actors another's by now. */
  #lookForMoved(nowMs: number): void {
    const silent = new Map<string, Pending>();
    for (const call of this.#pending.values()) {
      const { owner, address, sentMs } = call;
      if (owner === undefined || address.detached === undefined || nowMs - sentMs < silentMs) continue;
      const key = `${owner} ${nameKey(address.detached)}`;
      if (!silent.has(key)) silent.set(key, call);
    }
    for (const call of silent.values()) {
      const { owner } = call;
      void this.#routes.hasMoved(call.address, owner!).then((hasMoved) => {
        if (!hasMoved) return;
        const calls = [...this.#pending.values()].filter(
          (each) => each.owner === owner && isSame(each, call),
        );
        for (const each of calls) each.isAgain = true;
        this.#look(calls, owner!);
      });
    }
  }

  /** What has not come by now fails. */
  close(error: Error): void {
    this.#routes.close();
    for (const number of [...this.#pending.keys()]) this.#settle(number, { kind: "failed", error });
    this.#exchange.flush();
    this.#exchange.close();
    this.#subscription.unsubscribe();
  }

  /** Sends a call to the owner of its actor, unless that is looked for: then it waits for its turn. */
  #sendOn(call: Pending): void {
    if (this.#routes.isLooking(call.address)) return;
    const { ownerOf } = this.#deps;
    const { owner, id } = this.#routes.of(call.address);
    call.owner = owner;
    call.sentMs = performance.now();
    const args = call.args.map(
      (arg): OwnedArg => (typeof arg === "string" ? { ref: arg, owner: ownerOf(arg) } : bytesOf(arg)),
    );
    let bytes = overheadBytes;
    for (const arg of args) bytes += arg instanceof Uint8Array ? arg.byteLength : overheadBytes;
    const { number, method, isAgain } = call;
    const least = this.#pending.keys().next().value!;
    const again = isAgain ? { isAgain } : undefined;
    this.#send(owner, { kind: "callActor", number, actor: id, method, args, least, ...again }, bytes);
  }

  #send(owner: string, message: ToOwner, bytes = overheadBytes): void {
    if (!this.#exchange.has(owner)) this.#exchange.open(owner, sessionName(this.#sessionCount++));
    this.#exchange.send(owner, message, bytes);
  }

  #ended(owner: string, { number, outcome }: ToCaller): void {
    const call = this.#pending.get(number);
    // Another has it meanwhile.
    if (call !== undefined && call.owner !== owner) return;
    switch (outcome.kind) {
      case "object":
        this.#take(owner, number, outcome.id);
        return;
      case "value":
        this.#settle(number, { kind: "local", value: outcome.value.slice() });
        return;
      case "error":
        this.#settle(number, { kind: "failed", error: fromWireError(outcome.error) });
        return;
      case "moved":
        // That goes for all that were called of the actor later.
        if (call !== undefined)
          this.#look(
            [...this.#pending.values()].filter(
              (each) => each.number >= number && each.owner === owner && isSame(each, call),
            ),
            owner,
          );
    }
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
    const calls = [...this.#pending.values()].filter((call) => call.owner === owner);
    for (const call of calls) {
      call.isAgain = true;
      if (call.address.detached === undefined)
        this.#settle(call.number, { kind: "failed", error: errorOf(owner, call.label) });
    }
    this.#look(calls, owner);
  }

  /** Looks for who has the actors of these calls now, rather than this owner; then all that wait for that go there. */
  #look(calls: readonly Pending[], owner: string): void {
    const waiting = calls.filter(({ number }) => this.#pending.has(number));
    for (const call of waiting) call.owner = undefined;
    for (const call of waiting) {
      if (call.owner !== undefined) continue;
      this.#routes.look(call.address, owner, (error) => {
        for (const each of [...this.#pending.values()]) {
          if (each.owner !== undefined || !isSame(each, call)) continue;
          if (error === undefined) this.#sendOn(each);
          else this.#settle(each.number, { kind: "failed", error });
        }
      });
    }
  }
}

/** Whether these are calls of the same detached actor. */
const isSame = ({ address: { detached: one } }: Pending, { address: { detached: other } }: Pending) =>
  one !== undefined && other !== undefined && nameKey(one) === nameKey(other);

const died = (owner: string, label: string) =>
  new OwnerDiedError(`the client ${owner}, which owns the actor, died with ${label} under way`, {
    remedy: 'An actor that has to outlive its program is made with lifetime: "detached".',
    data: { owner },
  });

const forgotten = (owner: string, label: string) =>
  new ActorUnavailableError(
    `the client ${owner}, which owns the actor, has not heard of us for long, and ended ${label}`,
    { remedy: "Call it again if that does no harm.", data: { owner } },
  );
