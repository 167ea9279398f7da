import type { WireError } from "../../scheduler/protocol/errors.ts";
import type { GangPlace } from "../../scheduler/protocol/messages.ts";
import type { Children } from "../nested/children.ts";
import { Call, type CallEnd } from "../pool/call.ts";
import type { Site } from "../pool/site.ts";
import type { ItemWriter } from "../ring/items.ts";
import { readTurn, type TurnEnd } from "../ring/turn-format.ts";
import type { NestedReply, Said } from "../worker/messages.ts";
import type { ActorState } from "./actor-state.ts";
import type { MethodCall, MethodEnd } from "./method-call.ts";

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

/** What the methods of an actor do besides. */
export type TurnNested = {
  /** What a call, the one of this index of the actor's, has submitted itself. */
  childrenOf(turn: ActorTurn, index: number): Children;
  /** Ends the wait of the running call. */
  reply(turn: ActorTurn, reply: NestedReply): void;
  /** The running call, a member of a gang, waits for the others. */
  join(place: GangPlace, answer: (reply: NestedReply) => void): void;
  /** Something moved in the rings of such a member. */
  moved(place: GangPlace): void;
  log(text: string): void;
};

/** Some calls of an actor, which a worker runs one after the other. */
export class ActorTurn extends Call {
  readonly facts: TurnFacts;
  readonly calls: readonly MethodCall[];
  readonly #done: TurnDone;
  readonly #nested: TurnNested;
  #children: Children | undefined;
  /** What its only call ends with, as if it had not run. */
  stopped: Extract<MethodEnd, { kind: "error" }> | undefined;

  constructor(
    site: Site,
    owner: string,
    facts: TurnFacts,
    calls: readonly MethodCall[],
    done: TurnDone,
    nested: TurnNested,
  ) {
    super(site, owner, 0, 0);
    this.#nested = nested;
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
    this.#children?.close();
    if (end.kind === "value") this.#done(this, readTurn(end.encoded));
    else if (end.kind === "large") this.#done(this, readTurn(new Uint8Array(end.buffer)));
    else this.#done(this, end);
  }

  override endedWithNumber(): void {
    throw new Error("a turn is no number");
  }

  override said(message: Said): void {
    switch (message.kind) {
      case "log":
        this.#nested.log(message.text);
        return;
      case "join":
        this.#nested.join(this.site.facts.gang!, (reply) => this.#nested.reply(this, reply));
        return;
      case "moved":
        this.#nested.moved(this.site.facts.gang!);
        return;
      case "submit":
      case "put":
      case "free":
      case "get":
      case "wait":
        // Calls that may ask for something have a turn each.
        this.#children ??= this.#nested.childrenOf(this, this.facts.firstCall);
        this.#children.hear(message, (reply) => this.#nested.reply(this, reply));
    }
  }
}

const none = new Uint8Array();
