import { findActor } from "../../scheduler/manifest/check.ts";
import type { WireError } from "../../scheduler/protocol/errors.ts";
import { toWireError } from "../../scheduler/protocol/errors.ts";
import { type GangPlace, inlineBytes } from "../../scheduler/protocol/messages.ts";
import { type Encoded, encodeValue } from "../../scheduler/protocol/value.ts";
import { Deque } from "../../scheduler/queue/deque.ts";
import type { Children } from "../nested/children.ts";
import type { ObjectStore } from "../objects/store.ts";
import type { Pool } from "../pool/pool.ts";
import type { Site } from "../pool/site.ts";
import { argumentBytes, itemBytes, numberItemBytes } from "../ring/items.ts";
import { ActorState } from "./actor-state.ts";
import { ActorTurn, type TurnDone, type TurnNested } from "./actor-turn.ts";
import type { Checkpoint, MethodCall, MethodEnd } from "./method-call.ts";
import { encodeChanges, encodeSnapshot, type Snapshot } from "./snapshot.ts";

/** More calls in a turn gain nothing. */
const mostCalls = 256;
/** What a slot holds beside the state and the calls. */
const turnItemBytes = 4 * numberItemBytes + itemBytes(0);
/** As a method: to be told what the actor is. */
export const saveMethod = -1;

export type ActorDeps = {
  pool: Pick<Pool, "site" | "submit" | "cancel" | "reply">;
  store: ObjectStore;
  site: Site;
  /** Whoever shares the workers fairly with others. */
  owner: string;
  id: string;
  /** What its random numbers follow from. */
  seed: string;
  /** Tells it from the others of this host, for the workers. */
  key: number;
  /** What one of its calls submits itself, whose random numbers follow from this seed. */
  childrenOf(turn: ActorTurn, seed: string): Children;
  gangs: Pick<TurnNested, "join" | "moved">;
  log(id: string, text: string): void;
  /** How many turns of methods that leave it as it is may run at once. */
  maxConcurrency: number;
};

/**
 * An actor on its host: its state, and the calls that wait for it. Calls run in the order in which they come, some of them
 * together in a turn; one at a time, but for those that only read. A call that fails leaves the actor as it was before.
 */
export class Actor {
  readonly #deps: ActorDeps;
  readonly #seed: Uint8Array;
  /** By method: whether it leaves the actor as it is. */
  readonly #reads: readonly boolean[];
  readonly #mailbox = new Deque<MethodCall>();
  readonly #turns = new Set<ActorTurn>();
  #site: Site;
  #state: ActorState | undefined;
  /** What it was when its owner was told last, if that was too large for a message. */
  #told: { id: string; state: ActorState } | undefined;
  #version = 0;
  /** Calls that have made it what it is. */
  #callCount = 0;
  /** How many calls the next turns may have at most, where one that failed is to be told from others. */
  #limits: number[] = [];
  /** What calls that wait end with, once it is gone. */
  #gone: WireError | undefined;
  /** Wants what it is, and that it ends here. */
  #taking: MethodCall | undefined;
  #isPinning = false;
  #isBroken = false;

  /** @param snapshot what it was elsewhere */
  constructor(deps: ActorDeps, snapshot?: Snapshot) {
    this.#deps = deps;
    this.#seed = encodeValue(deps.seed);
    this.#site = deps.site;
    const { module, kernel } = deps.site.facts;
    const { methods } = findActor(module.manifest, kernel);
    this.#reads = [false, ...methods.map(({ readonly = false }) => readonly)];
    if (snapshot === undefined) return;
    this.#state = this.#stateOf(snapshot.state);
    this.#callCount = snapshot.callCount;
  }

  readonly #nested: TurnNested = {
    childrenOf: (turn, index) => this.#deps.childrenOf(turn, `${this.#deps.seed}.${index}`),
    reply: (turn, reply) => this.#deps.pool.reply(turn, reply),
    join: (place, answer) => this.#deps.gangs.join(place, answer),
    moved: (place) => this.#deps.gangs.moved(place),
    log: (text) => this.#deps.log(this.#deps.id, text),
  };

  /** Calls that have not ended. */
  get pendingCount(): number {
    let count = this.#mailbox.size;
    for (const { calls } of this.#turns) count += calls.length;
    return count;
  }

  /** How many bytes its state takes. */
  get stateBytes(): number {
    return this.#state?.byteLength ?? 0;
  }

  /** Runs a call after all that came before; or, of `saveMethod`, tells it what the actor is then. */
  call(call: MethodCall): void {
    if (this.#gone !== undefined) {
      call.ended({ kind: "error", error: this.#gone });
      return;
    }
    if (this.#taking !== undefined) {
      call.ended({ kind: "returned" });
      return;
    }
    this.#mailbox.push(call);
    if (this.#turns.size === 0 || this.#reads[call.method]) this.#goOn();
  }

  /** Ends a call of a gang, also one that runs: the actor is then as if it had not been. */
  stop(call: MethodCall, end: Extract<MethodEnd, { kind: "error" }>): void {
    const turn = [...this.#turns].find(({ calls }) => calls[0] === call);
    if (turn === undefined) {
      call.ended(end);
      return;
    }
    turn.stopped = end;
    this.#deps.pool.cancel(turn);
  }

  /** Ends it here when what runs has ended: what waits is given back, and then the call hears what the actor is. */
  take(call: MethodCall): void {
    if (this.#gone !== undefined || this.#taking !== undefined) {
      call.ended({ kind: "error", error: this.#gone ?? isTaken });
      return;
    }
    this.#taking = call;
    this.#goOn();
  }

  /** Ends it: calls that wait, and those that run, end with this error, and so do all that come later. */
  end(error: WireError): void {
    if (this.#gone !== undefined) return;
    this.#gone = error;
    for (const turn of this.#turns) {
      for (const call of turn.calls) call.ended({ kind: "error", error });
      this.#deps.pool.cancel(turn);
    }
    this.#taking?.ended({ kind: "error", error });
    for (let call = this.#mailbox.shift(); call !== undefined; call = this.#mailbox.shift())
      call.ended({ kind: "error", error });
    if (this.#turns.size === 0) this.#free();
  }

  #goOn(): void {
    while (this.#mayBegin()) {
      const pinning = this.#state?.pin();
      if (pinning !== undefined) {
        this.#isPinning = true;
        pinning.then(
          () => this.#pinned(undefined),
          (error) => this.#pinned(toWireError(error)),
        );
        return;
      }
      this.#begin();
    }
  }

  /** Its state is back from the disk, or can't be had. */
  #pinned(error: WireError | undefined): void {
    this.#isPinning = false;
    if (error !== undefined) this.end(error);
    else if (this.#mayBegin()) this.#begin();
    else this.#state?.unpin();
    this.#goOn();
  }

  /** The first call that waits and that somebody waits for. */
  get #first(): MethodCall | undefined {
    while (this.#mailbox.first?.hasEnded) this.#mailbox.shift();
    return this.#mailbox.first;
  }

  #mayBegin(): boolean {
    if (this.#isPinning || this.#isBroken || this.#gone !== undefined) return false;
    if (this.#taking !== undefined) return this.#turns.size === 0;
    const first = this.#first;
    if (first === undefined) return false;
    if (this.#turns.size === 0) return true;
    const isReading = [...this.#turns].every(({ facts }) => facts.isReadonly);
    return isReading && this.#reads[first.method] === true && this.#turns.size < this.#deps.maxConcurrency;
  }

  /** Its state is pinned. */
  #begin(): void {
    if (this.#taking !== undefined) {
      this.#leave(this.#taking);
      return;
    }
    if (this.#mailbox.first!.method === saveMethod) {
      this.#tell(this.#mailbox.shift()!);
      this.#state?.unpin();
      return;
    }
    const { owner, key, pool } = this.#deps;
    const { method, gang } = this.#mailbox.first!;
    const isReadonly = this.#reads[method]!;
    const site = this.#siteFor(gang);
    const calls = this.#nextCalls(isReadonly);
    const facts = {
      ...{ key, version: this.#version, firstCall: this.#callCount, isReadonly },
      ...{ state: this.#state, seed: this.#seed },
    };
    const turn = new ActorTurn(site, owner, facts, calls, this.#done, this.#nested);
    this.#turns.add(turn);
    pool.submit(turn);
  }

  /** Where its calls are made; a member of a gang has a place for itself. */
  #siteFor(gang: GangPlace | undefined): Site {
    const { pool } = this.#deps;
    if (gang !== undefined) return pool.site({ ...this.#site.facts, gang });
    // It may have done nothing while a thousand others came.
    if (this.#site.isForgotten) this.#site = pool.site(this.#site.facts);
    return this.#site;
  }

  /** The first calls that wait, as many as a turn takes: all that only read, or all that may change it. */
  #nextCalls(isReadonly: boolean): MethodCall[] {
    const isAlone = isReadonly && this.#deps.maxConcurrency > 1;
    const most = Math.min(this.#limits.shift() ?? mostCalls, isAlone ? 1 : mostCalls);
    let leftBytes = argumentBytes - turnItemBytes - itemBytes(this.#state?.itemBytes ?? 0);
    const calls: MethodCall[] = [];
    while (calls.length < most) {
      const next = this.#first;
      if (next === undefined || this.#reads[next.method] !== isReadonly) break;
      if (next.gang !== undefined && calls.length > 0) break;
      leftBytes -= numberItemBytes + next.itemBytes;
      if (leftBytes < 0 && calls.length > 0) break;
      calls.push(this.#mailbox.shift()!);
      if (next.gang !== undefined) break;
    }
    return calls;
  }

  readonly #done: TurnDone = (turn, end) => {
    const { calls, facts } = turn;
    this.#turns.delete(turn);
    facts.state?.unpin();
    if (this.#gone !== undefined) {
      if (this.#turns.size === 0) this.#free();
      return;
    }
    if (turn.stopped !== undefined) {
      this.#undone();
      calls[0]!.ended(turn.stopped);
      this.#goOn();
      return;
    }
    switch (end.kind) {
      case "ran":
        this.#ran(calls, end.results, end.state);
        break;
      case "fails":
        // Nothing of it counts: those before the one that fails run again, and then that one alone.
        this.#limits = [end.after, 1];
        this.#putBack(calls);
        break;
      case "error":
        if (calls.length === 1) {
          // What could not be made runs nothing, until its owner ends it.
          if (calls[0]!.method === 0) this.#isBroken = true;
          calls[0]!.ended(end);
          break;
        }
        // One of them has ended its worker.
        this.#limits = calls.map(() => 1);
        this.#putBack(calls);
        break;
      case "returned":
        for (const call of calls) call.ended(end);
    }
    this.#goOn();
  };

  #ran(calls: readonly MethodCall[], results: readonly Encoded[], state: Uint8Array | undefined): void {
    if (state !== undefined) {
      const before = this.#state;
      try {
        this.#state = this.#stateOf(state);
      } catch (error) {
        // There is no room for it: it stays what it was, as if these had not been.
        this.#undone();
        for (const call of calls) call.ended({ kind: "error", error: toWireError(error) });
        return;
      }
      if (before !== this.#told?.state) before?.free();
      this.#version++;
      this.#callCount += results.length;
    }
    this.#putBack(calls.slice(results.length));
    // The next turn is on its way before anybody hears of this one; but whoever gets the state hears of all that is in it.
    if (this.#taking === undefined && this.#mailbox.first?.method !== saveMethod) this.#goOn();
    for (let nth = 0; nth < results.length; nth++) calls[nth]!.ended({ kind: "value", value: results[nth]! });
  }

  /** The state after a turn is not taken: the worker that has it is not to find its version in a later turn. */
  #undone(): void {
    this.#version += 2;
  }

  #stateOf(state: Uint8Array): ActorState {
    const { store, owner, site, id } = this.#deps;
    return new ActorState(state, store, { owner, label: `state of ${site.label} ${id}` });
  }

  #putBack(calls: readonly MethodCall[]): void {
    for (let nth = calls.length - 1; nth >= 0; nth--) this.#mailbox.unshift(calls[nth]!);
  }

  /** What it is, while its state is pinned. */
  #tell(call: MethodCall): void {
    if (this.#state === undefined) {
      call.ended({ kind: "error", error: toWireError(new Error("the actor has not been made")) });
      return;
    }
    const snapshot = { callCount: this.#callCount, state: this.#state.bytes };
    const changes = this.#changesSince(call.checkpoint?.base, snapshot);
    this.#remember(this.#state, call.checkpoint);
    call.ended({ kind: "value", value: changes ?? encodeSnapshot(snapshot) });
  }

  /** What has changed since the checkpoint that its owner has, if that is what was told last, and has not gone to the disk. */
  #changesSince(base: Uint8Array | undefined, snapshot: Snapshot): Uint8Array | undefined {
    const told = this.#told;
    if (base === undefined || told === undefined || Buffer.compare(base, encodeValue(told.id)) !== 0)
      return undefined;
    if (!told.state.pinIfHere()) return undefined;
    try {
      return encodeChanges(told.id, told.state.bytes, snapshot);
    } finally {
      told.state.unpin();
    }
  }

  #remember(state: ActorState, checkpoint: Checkpoint | undefined): void {
    const former = this.#told?.state;
    const isLarge = state.byteLength > inlineBytes;
    this.#told = checkpoint && isLarge ? { id: checkpoint.id, state } : undefined;
    if (former !== this.#state) former?.free();
  }

  #leave(call: MethodCall): void {
    this.#gone = isTaken;
    for (let next = this.#mailbox.shift(); next !== undefined; next = this.#mailbox.shift())
      next.ended({ kind: "returned" });
    this.#tell(call);
    this.#state?.unpin();
    this.#free();
  }

  #free(): void {
    this.#state?.free();
    this.#told?.state.free();
    this.#state = undefined;
    this.#told = undefined;
  }
}

const isTaken = toWireError(new Error("the actor has been taken elsewhere"));
