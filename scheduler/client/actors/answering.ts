import type { Bus, Subscription } from "../../bus/bus.ts";
import { Exchange } from "../../bus/exchange.ts";
import { type CallLog, Fenced } from "../../detached/call-log.ts";
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
  /** Of detached actors, the last call that is about to be written down and others wait for. */
  readonly #logged = new Map<string, Promise<void>>();
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
    const detached = this.#deps.detached(actor);
    detached?.log?.settledBelow(caller, least);
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

  /** Writes down a call with the values that it takes. Calls are written in their order. */
  #log(
    log: CallLog,
    caller: string,
    { number, actor, method }: ActorCallMessage,
    given: readonly (Encoded | string)[],
    id: string,
  ): Promise<void> {
    const former = this.#logged.get(actor);
    const values = given.map((arg) => (typeof arg === "string" ? this.#deps.value(arg) : bytesOf(arg)));
    const write = async () => {
      const args = await Promise.all(values);
      await former?.catch(() => {});
      await log.call(id, { kind: "call", caller, number, method, args });
    };
    // What it takes has failed, and so does the call; it changes nothing.
    const logged = write().catch((error) => {
      if (error instanceof Fenced) throw error;
    });
    if (borrows(given) || former !== undefined) {
      this.#logged.set(actor, logged);
      const over = () => {
        if (this.#logged.get(actor) === logged) this.#logged.delete(actor);
      };
      logged.then(over, over);
    }
    return logged;
  }

  /** Tells the caller when a call has ended, and is written down if it is to be. */
  #await(caller: string, number: number, id: string, detached?: OwnedDetached, logged?: Promise<void>): void {
    const results = this.#results.get(caller) ?? new Map<number, string>();
    this.#results.set(caller, results);
    results.set(number, id);
    this.#deps.objects.onReady(id, (state) => {
      if (detached === undefined) {
        this.#ready(caller, number, id, state);
        return;
      }
      if (detached.isLeaving) {
        this.#moved(caller, number);
        return;
      }
      const failed = state.kind === "failed" && detached.log?.failed(id, caller, number);
      Promise.all([logged, failed]).then(
        () => this.#ready(caller, number, id, state, detached.log),
        () => this.#moved(caller, number),
      );
    });
  }

  /** What is not written down by us is as if it had not been called here. */
  #moved(caller: string, number: number): void {
    this.#tell(caller, number, { kind: "moved" });
    this.#drop(caller, number);
  }

  #ready(caller: string, number: number, id: string, state: ReadyState, log?: CallLog): void {
    if (this.#results.get(caller)?.get(number) !== id) return;
    const value = state.kind === "local" ? bytesOf(state.value) : undefined;
    const tell = (outcome: CallOutcome) => {
      log?.answered({ caller, number, outcome });
      this.#tell(caller, number, outcome);
    };
    if (state.kind === "failed") tell({ kind: "error", error: toWireError(state.error) });
    else if (value !== undefined && value.byteLength <= inlineBytes) tell({ kind: "value", value });
    else {
      this.#deps.lend(id);
      tell({ kind: "object", id });
      return;
    }
    this.#drop(caller, number);
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

const borrows = (given: readonly (Encoded | string)[]) => given.some((arg) => typeof arg === "string");

const unknownWhether = (method: string) =>
  new ActorUnavailableError(
    `the actor's owner died with ${method} under way, and it is not known whether it was applied`,
    { remedy: "Call it again if that does no harm, set maxTaskRetries, or give the actor a checkpoint." },
  );
