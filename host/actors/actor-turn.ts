import type { WireError } from "../../scheduler/protocol/errors.ts";
import { Call, type CallEnd } from "../pool/call.ts";
import type { Site } from "../pool/site.ts";
import type { ItemWriter } from "../ring/items.ts";
import type { Said } from "../worker/messages.ts";
import type { ActorState } from "./actor-state.ts";
import type { MethodCall } from "./method-call.ts";
import { readTurn, type TurnEnd } from "../ring/turn-format.ts";

/** A worker ends a turn about so long after it began, with the call that it is in then. */
const turnMs = 10;

export type TurnFacts = {
  /** Tells actors of this host from each other, for the workers. */
  key: number;
  version: number;
  firstCall: number;
  isReadonly: boolean;
  state: ActorState | undefined;
  /** The encoded seed of the actor's random numbers. */
  seed: Uint8Array;
};

/** Hears what came of a turn, or that its first call has failed, or its worker. */
export type TurnDone = (
  turn: ActorTurn,
  end: TurnEnd | { kind: "error"; error: WireError } | { kind: "returned" },
) => void;

/** Some calls of an actor, which a worker runs one after the other. */
export class ActorTurn extends Call {
  readonly facts: TurnFacts;
  readonly calls: readonly MethodCall[];
  readonly #done: TurnDone;

  constructor(site: Site, owner: string, facts: TurnFacts, calls: readonly MethodCall[], done: TurnDone) {
    super(site, owner, 0, 0);
    this.facts = facts;
    this.calls = calls;
    this.#done = done;
  }

  /** One call has all of it. */
  override get timeoutMs(): number {
    return super.timeoutMs + (this.calls.length > 1 ? turnMs : 0);
  }

  override write(items: ItemWriter): void {
    const { key, version, firstCall, isReadonly, state, seed } = this.facts;
    for (const number of [key, version, firstCall, Number(isReadonly)]) items.number(number);
    items.inline(seed);
    if (state === undefined) items.inline(none);
    else state.write(items);
    for (const call of this.calls) {
      items.number(call.method * 1_024 + call.argCount);
      call.write(items);
    }
  }

  override ended(end: CallEnd): void {
    if (end.kind === "value") this.#done(this, readTurn(end.encoded));
    else if (end.kind === "large") this.#done(this, readTurn(new Uint8Array(end.buffer)));
    else this.#done(this, end);
  }

  override endedWithNumber(): void {
    throw new Error("a turn is no number");
  }

  override said(message: Said): void {
    // Calls that may ask for something have a turn each; of others, all say the same.
    this.calls[0]!.said(message);
  }
}

const none = new Uint8Array();
