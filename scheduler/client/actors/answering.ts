import type { Bus, Subscription } from "../../bus/bus.ts";
import { Exchange } from "../../bus/exchange.ts";
import type { CallLog, Replayed } from "../../detached/call-log.ts";
import type { ObjectTable, ReadyState } from "../../ownership/object-table.ts";
import { decodePacketToOwner, encodeMessage } from "../../protocol/codec.ts";
import { ActorUnavailableError, toWireError } from "../../protocol/errors.ts";
import {
  type ActorCallMessage,
  type CallOutcome,
  inlineBytes,
  type ToCaller,
  type ToOwner,
} from "../../protocol/messages.ts";
import type { Subjects } from "../../protocol/subjects.ts";
import { bytesOf, decodeValue, type Encoded } from "../../protocol/value.ts";
import { numberBytes } from "../../protocol/value-format.ts";
import type { OwnedDetached } from "./owned-detached.ts";

/** A caller that says nothing for so long, in ms, is forgotten. */
const mostSilentMs = 60_000;
const overheadBytes = 100;

export type AnsweringDeps = {
  bus: Bus;
  subjects: Subjects;
  objects: ObjectTable;
  clientId: string;
  newId(): string;
  /** Takes up an object of another owner. */
  borrow(id: string, owner: string): void;
  /** Others may borrow an object. */
  lend(id: string): void;
  /** Calls an actor of ours, by the name of a method; the result has this id. @throws when it can't */
  call(actor: string, method: string, id: string, args: readonly (Encoded | string)[]): void;
  /** What is kept of an actor, if it is detached. */
  detached(actor: string): OwnedDetached | undefined;
  /** The encoded value of an object, once it is ready. */
  value(id: string): Promise<Uint8Array>;
  cancel(id: string): void;
  /** @throws ActorDiedError */
  kill(actor: string): void;
  /** @throws ActorDiedError, InvalidTaskError */
  move(actor: string, host: string): void;
};

/** The calls of others to actors of this client, which comes between: all calls of an actor go through its owner. */
export class Answering {
  readonly #deps: AnsweringDeps;
  readonly #exchange: Exchange<ToCaller, ToOwner>;
  /** The results that callers have not taken, by their own numbers. */
  readonly #results = new Map<string, Map<number, string>>();
  /** Calls of detached actors that we are about to have. */
  readonly #early = new Map<string, { caller: string; message: ActorCallMessage }[]>();
  readonly #subscription: Subscription;

  constructor(deps: AnsweringDeps) {
    this.#deps = deps;
    const { bus, subjects, clientId } = deps;
    this.#exchange = new Exchange({
      id: clientId,
      publish: (caller, packet) => bus.publish(subjects.actorResults(caller), encodeMessage(packet)),
      deliver: (caller, message) => this.#heard(caller, message),
      onReset: (caller) => this.#forget(caller),
    });
    this.#subscription = bus.subscribe(subjects.actorCalls(clientId), (payload) =>
      this.#exchange.receive(decodePacketToOwner(payload), (caller) => this.#forget(caller)),
    );
  }

  /** These calls of a detached actor are applied again: what they come to is to be known when their callers ask. */
  replayed(log: CallLog, calls: readonly Replayed[]): void {
    for (const { id, caller, number } of calls)
      this.#deps.objects.onReady(id, (state) => {
        if (state.kind !== "failed")
          log.answered(id, { caller, number, outcome: this.#outcomeOf(id, state) });
      });
  }

  /** An actor is about to be ours: calls wait for it. Returns how to tell that it is, or will not be. */
  expect(actor: string): () => void {
    const early: { caller: string; message: ActorCallMessage }[] = [];
    this.#early.set(actor, early);
    return () => {
      this.#early.delete(actor);
      for (const { caller, message } of early) this.#call(caller, message);
    };
  }

  /** Our connection was lost, and is back. */
  reconnected(): void {
    this.#exchange.reconnected();
  }

  /** To be called now and then. */
  tick(): void {
    for (const caller of this.#exchange.silent(mostSilentMs)) this.#forget(caller);
  }

  close(): void {
    this.#exchange.flush();
    this.#exchange.close();
    this.#subscription.unsubscribe();
  }

  #heard(caller: string, message: ToOwner): void {
    switch (message.kind) {
      case "callActor":
        this.#call(caller, message);
        return;
      case "cancelCall": {
        const id = this.#results.get(caller)?.get(message.number);
        if (id !== undefined) this.#deps.cancel(id);
        return;
      }
      case "tookResult":
        this.#drop(caller, message.number);
        return;
      case "killActor":
      case "moveActor":
        try {
          if (message.kind === "killActor") this.#deps.kill(message.actor);
          else this.#deps.move(message.actor, message.host);
        } catch {
          // It has ended, or is on no host just now and goes to one that its owner chooses.
        }
    }
  }

  #call(caller: string, message: ActorCallMessage): void {
    const { number, actor, method, args, least, isAgain } = message;
    const early = this.#early.get(actor);
    if (early !== undefined) {
      early.push({ caller, message });
      return;
    }
    const detached = this.#deps.detached(actor);
    for (const id of detached?.log?.settledBelow(caller, least) ?? []) this.#deps.objects.drop(id);
    const known = detached?.log?.answerTo(caller, number);
    if (known !== undefined) {
      this.#tell(caller, number, known);
      return;
    }
    if (detached?.isLeaving) {
      this.#tell(caller, number, { kind: "moved" });
      return;
    }
    const replayed = detached?.log?.replayed(caller, number);
    if (replayed !== undefined) {
      this.#deps.objects.hold(replayed);
      this.#await(caller, number, replayed, detached);
      return;
    }
    const borrowed: string[] = [];
    try {
      if (isAgain && detached?.mayRepeat === false && detached.log === undefined)
        throw unknownWhether(method);
      const given = args.map((arg) => {
        if (arg instanceof Uint8Array) return encodedOf(arg);
        this.#deps.borrow(arg.ref, arg.owner);
        borrowed.push(arg.ref);
        return arg.ref;
      });
      const id = this.#deps.newId();
      this.#deps.call(actor, method, id, given);
      const isLogged = detached?.log !== undefined && !detached.reads(method);
      const logged = isLogged ? this.#log(detached.log!, caller, message, given, id) : undefined;
      this.#await(caller, number, id, detached, logged);
    } catch (error) {
      this.#tell(caller, number, { kind: "error", error: toWireError(error) });
    } finally {
      // The call uses them until it has ended.
      for (const ref of borrowed) this.#deps.objects.drop(ref);
    }
  }

  /** Writes down a call with the values that it takes. */
  #log(
    log: CallLog,
    caller: string,
    { number, method }: ActorCallMessage,
    given: readonly (Encoded | string)[],
    id: string,
  ): Promise<void> {
    const values = given.map((arg) => (typeof arg === "string" ? this.#deps.value(arg) : bytesOf(arg)));
    const isHere = (value: Uint8Array | Promise<Uint8Array>) => value instanceof Uint8Array;
    return log.call(id, { caller, number, method }, values.every(isHere) ? values : Promise.all(values));
  }

  /** Tells the caller when a call has ended, and is written down if it is to be. */
  #await(caller: string, number: number, id: string, detached?: OwnedDetached, logged?: Promise<void>): void {
    const results = this.#results.get(caller) ?? new Map<number, string>();
    this.#results.set(caller, results);
    results.set(number, id);
    logged?.catch(() => {}); // It is heard of below.
    this.#deps.objects.onReady(id, (state) => {
      // What failed since the actor leaves has not been called here.
      if (detached?.isLeaving && state.kind === "failed") this.#end(caller, number, id, { kind: "moved" });
      else if (detached?.log === undefined) this.#end(caller, number, id, this.#outcomeOf(id, state));
      else void this.#endLogged(caller, number, id, state, detached.log, logged);
    });
  }

  async #endLogged(
    caller: string,
    number: number,
    id: string,
    state: ReadyState,
    log: CallLog,
    logged: Promise<void> | undefined,
  ): Promise<void> {
    const outcome = this.#outcomeOf(id, state);
    if (state.kind !== "failed") log.answered(id, { caller, number, outcome });
    try {
      await logged;
      if (state.kind === "failed") await log.failed(id, { caller, number });
      this.#end(caller, number, id, outcome);
    } catch {
      // What is not written down by us is as if it had not been called here.
      this.#end(caller, number, id, { kind: "moved" });
    }
  }

  #outcomeOf(id: string, state: ReadyState): CallOutcome {
    if (state.kind === "failed") return { kind: "error", error: toWireError(state.error) };
    const value = state.kind === "local" ? bytesOf(state.value) : undefined;
    if (value !== undefined && value.byteLength <= inlineBytes) return { kind: "value", value };
    this.#deps.lend(id);
    return { kind: "object", id };
  }

  /** Tells a caller, unless it does not want to know any more. */
  #end(caller: string, number: number, id: string, outcome: CallOutcome): void {
    if (this.#results.get(caller)?.get(number) !== id) return;
    this.#tell(caller, number, outcome);
    if (outcome.kind !== "object") this.#drop(caller, number);
  }

  #tell(caller: string, number: number, outcome: CallOutcome): void {
    const bytes = overheadBytes + (outcome.kind === "value" ? outcome.value.byteLength : overheadBytes);
    this.#exchange.send(caller, { kind: "callEnded", number, outcome }, bytes);
  }

  #drop(caller: string, number: number): void {
    const results = this.#results.get(caller);
    const id = results?.get(number);
    if (id === undefined) return;
    results!.delete(number);
    if (results!.size === 0) this.#results.delete(caller);
    this.#deps.objects.drop(id);
  }

  /** A caller is gone, or begins anew; what it has called goes on. */
  #forget(caller: string): void {
    this.#exchange.forget(caller);
    for (const number of [...(this.#results.get(caller)?.keys() ?? [])]) this.#drop(caller, number);
  }
}

/** A number goes as one. The bytes are those of a message. */
function encodedOf(bytes: Uint8Array): Encoded {
  const value = bytes.byteLength === numberBytes ? decodeValue(bytes) : undefined;
  return typeof value === "number" ? value : bytes.slice();
}

const unknownWhether = (method: string) =>
  new ActorUnavailableError(
    `the actor's owner died with ${method} under way, and it is not known whether it was applied`,
    { remedy: "Call it again if that does no harm, set maxTaskRetries, or give the actor a checkpoint." },
  );
