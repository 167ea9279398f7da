import type { WireError } from "../../scheduler/protocol/errors.ts";
import { encodeValue } from "../../scheduler/protocol/value.ts";
import { Deque } from "../../scheduler/queue/deque.ts";
import type { ObjectStore } from "../objects/store.ts";
import type { Pool } from "../pool/pool.ts";
import type { Site } from "../pool/site.ts";
import { argumentBytes, itemBytes, numberItemBytes } from "../ring/items.ts";
import { ActorState } from "./actor-state.ts";
import { ActorTurn, type TurnDone } from "./actor-turn.ts";
import type { MethodCall } from "./method-call.ts";

/** More calls in a turn gain nothing. */
const mostCalls = 256;
/** What a slot holds beside the state and the calls. */
const turnItemBytes = 4 * numberItemBytes + itemBytes(0);

export type ActorDeps = {
  pool: Pick<Pool, "submit" | "cancel">;
  store: ObjectStore;
  site: Site;
  /** Whoever shares the workers fairly with others. */
  owner: string;
  id: string;
  /** Tells it from the others of this host, for the workers. */
  key: number;
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
  #state: ActorState | undefined;
  #version = 0;
  #callCount = 0;
  /** How many of the next calls have a turn each, since one of them has ended its worker. */
  #aloneCount = 0;
  /** What calls that wait end with, once it is gone. */
  #gone: WireError | undefined;
  #isPinning = false;

  constructor(deps: ActorDeps) {
    this.#deps = deps;
    this.#seed = encodeValue(deps.id);
    const { module, kernel } = deps.site.facts;
    const { methods } = module.manifest.actors!.find(({ name }) => name === kernel)!;
    this.#reads = [false, ...methods.map(({ readonly = false }) => readonly)];
  }

  get id(): string {
    return this.#deps.id;
  }

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

  /** Runs a call after all that came before. */
  call(call: MethodCall): void {
    if (this.#gone !== undefined) {
      call.ended({ kind: "error", error: this.#gone });
      return;
    }
    this.#mailbox.push(call);
    if (this.#turns.size === 0 || this.#reads[call.method]) this.#goOn();
  }

  /** Ends it: calls that wait, and those that run, end with this error, and so do all that come later. */
  end(error: WireError): void {
    if (this.#gone !== undefined) return;
    this.#gone = error;
    for (const turn of this.#turns) {
      for (const call of turn.calls) call.ended({ kind: "error", error });
      this.#deps.pool.cancel(turn);
    }
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
          () => this.#pinned(),
          () => this.#pinned(),
        );
        return;
      }
      this.#begin();
    }
  }

  /** Its state is back from the disk. */
  #pinned(): void {
    this.#isPinning = false;
    if (this.#gone !== undefined || !this.#mayBegin()) this.#state?.unpin();
    else this.#begin();
    this.#goOn();
  }

  #mayBegin(): boolean {
    const { first } = this.#mailbox;
    if (first === undefined || this.#isPinning || this.#gone !== undefined) return false;
    if (this.#turns.size === 0) return true;
    const isReading = [...this.#turns].every(({ facts }) => facts.isReadonly);
    return isReading && this.#reads[first.method]! && this.#turns.size < this.#deps.maxConcurrency;
  }

  #begin(): void {
    const { site, owner, key, pool } = this.#deps;
    const isReadonly = this.#reads[this.#mailbox.first!.method]!;
    const calls = this.#nextCalls(isReadonly);
    const facts = {
      ...{ key, version: this.#version, firstCall: this.#callCount, isReadonly },
      ...{ state: this.#state, seed: this.#seed },
    };
    this.#callCount += calls.length;
    const turn = new ActorTurn(site, owner, facts, calls, this.#done);
    this.#turns.add(turn);
    pool.submit(turn);
  }

  /** The first calls that wait, as many as a turn takes: all that only read, or all that may change it. */
  #nextCalls(isReadonly: boolean): MethodCall[] {
    const isAlone = this.#aloneCount > 0 || this.#deps.site.mayBlock || isReadonly;
    const most = isAlone ? 1 : mostCalls;
    let leftBytes = argumentBytes - turnItemBytes - itemBytes(this.#state?.itemBytes ?? 0);
    const calls: MethodCall[] = [];
    while (calls.length < most) {
      const next = this.#mailbox.first;
      if (next === undefined || this.#reads[next.method] !== isReadonly) break;
      leftBytes -= numberItemBytes + next.itemBytes;
      if (leftBytes < 0 && calls.length > 0) break;
      calls.push(this.#mailbox.shift()!);
    }
    if (this.#aloneCount > 0) this.#aloneCount--;
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
    switch (end.kind) {
      case "ran":
        this.#takes(end.state);
        this.#putBack(calls.slice(end.results.length), facts.firstCall + end.results.length);
        for (const [nth, encoded] of end.results.entries()) calls[nth]!.ended({ kind: "value", encoded });
        break;
      case "fails":
        // Nothing of it counts: those before the one that fails run again, and then that one alone.
        this.#aloneCount = calls.length;
        this.#putBack(calls, facts.firstCall);
        break;
      case "error":
        if (calls.length === 1) {
          calls[0]!.ended(end);
          break;
        }
        // One of them has ended its worker.
        this.#aloneCount = calls.length;
        this.#putBack(calls, facts.firstCall);
        break;
      case "returned":
        for (const call of calls) call.ended(end);
    }
    this.#goOn();
  };

  #takes(state: Uint8Array | undefined): void {
    if (state === undefined) return;
    const { store, owner, site, id } = this.#deps;
    const before = this.#state;
    this.#state = new ActorState(state, store, { owner, label: `state of ${site.label} ${id}` });
    before?.free();
    this.#version++;
  }

  #putBack(calls: readonly MethodCall[], firstCall: number): void {
    if (calls.length === 0) return;
    for (let nth = calls.length - 1; nth >= 0; nth--) this.#mailbox.unshift(calls[nth]!);
    this.#callCount = firstCall;
  }

  #free(): void {
    this.#state?.free();
    this.#state = undefined;
  }
}
