import type { Bus, Subscription } from "../../bus/bus.ts";
import { Exchange } from "../../bus/exchange.ts";
import type { ObjectTable, ReadyState } from "../../ownership/object-table.ts";
import { decodePacketToOwner, encodeMessage } from "../../protocol/codec.ts";
import { toWireError } from "../../protocol/errors.ts";
import { inlineBytes, type ToCaller, type ToOwner } from "../../protocol/messages.ts";
import type { Subjects } from "../../protocol/subjects.ts";
import { bytesOf, decodeValue, type Encoded } from "../../protocol/value.ts";
import { numberBytes } from "../../protocol/value-format.ts";

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
  cancel(id: string): void;
  kill(actor: string): void;
  /** @throws InvalidTaskError */
  move(actor: string, host: string): void;
};

/** The calls of others to actors of this client, which comes between: all calls of an actor go through its owner. */
export class Answering {
  readonly #deps: AnsweringDeps;
  readonly #exchange: Exchange<ToCaller, ToOwner>;
  /** The results that callers have not taken, by their own numbers. */
  readonly #results = new Map<string, Map<number, string>>();
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
        this.#deps.kill(message.actor);
        return;
      case "moveActor":
        try {
          this.#deps.move(message.actor, message.host);
        } catch {
          // It is on no host just now, and goes to one that its owner chooses.
        }
    }
  }

  #call(caller: string, { number, actor, method, args }: Extract<ToOwner, { kind: "callActor" }>): void {
    const { objects, newId, borrow, call } = this.#deps;
    const borrowed: string[] = [];
    try {
      const given = args.map((arg) => {
        if (arg instanceof Uint8Array) return encodedOf(arg);
        borrow(arg.ref, arg.owner);
        borrowed.push(arg.ref);
        return arg.ref;
      });
      const id = newId();
      call(actor, method, id, given);
      const results = this.#results.get(caller) ?? new Map<number, string>();
      this.#results.set(caller, results);
      results.set(number, id);
      objects.onReady(id, (state) => this.#ready(caller, number, id, state));
    } catch (error) {
      this.#tell(caller, number, { kind: "error", error: toWireError(error) });
    } finally {
      // The call uses them until it has ended.
      for (const ref of borrowed) objects.drop(ref);
    }
  }

  #ready(caller: string, number: number, id: string, state: ReadyState): void {
    if (this.#results.get(caller)?.get(number) !== id) return;
    const value = state.kind === "local" ? bytesOf(state.value) : undefined;
    if (state.kind === "failed")
      this.#tell(caller, number, { kind: "error", error: toWireError(state.error) });
    else if (value !== undefined && value.byteLength <= inlineBytes)
      this.#tell(caller, number, { kind: "value", value });
    else {
      this.#deps.lend(id);
      this.#tell(caller, number, { kind: "object", id });
      return;
    }
    this.#drop(caller, number);
  }

  #tell(caller: string, number: number, outcome: ToCaller["outcome"]): void {
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
