import { encodeValue } from "../../scheduler/protocol/value.ts";
import { TurnWriter } from "../ring/turn-format.ts";
import { ActorMethods } from "./actor-methods.ts";
import { captureState, restoreState } from "./actor-state.ts";
import type { Collectives } from "./collectives.ts";
import type { Instance } from "./instance.ts";
import type { Nested } from "./nested.ts";
import type { SiteCall } from "./site-call.ts";
import type { TurnItems } from "./turn-items.ts";

/** A turn ends with the first call that is done after so long: others wait for what it has come to. */
const turnMs = 1;
/** How many actors have an instance here at most, and how much memory these may have together. */
const mostResidents = 64;
const mostBytes = 64 * 1024 * 1024;
/** Garbage is collected after so many calls, or values of so many bytes, and takes at most this part of the time. */
const callsPerCollection = 64;
const bytesPerCollection = 1024 * 1024;
const collectionPart = 0.1;

const nothing = encodeValue(undefined);

/** The instance of an actor, and which of its states it is in. */
type Resident = {
  call: SiteCall;
  instance: Instance;
  version: number;
  callCount: number;
  valueBytes: number;
  busyMs: number;
  collectMs: number;
};

/**
 * Runs methods of actors. An actor is a state, which its host has: a turn takes it, with some calls, and gives back what came
 * of these and the state after them. So it does not matter which worker runs it, and what happens to that. An instance
 * that has just been in that state is used again.
 */
export class ActorTurns {
  readonly #begin: (call: SiteCall) => void;
  readonly #nested: Pick<Nested, "isShared" | "isUsed">;
  readonly #collectives: Pick<Collectives, "hasTalked">;
  /** The one used last comes last. */
  readonly #residents = new Map<number, Resident>();
  readonly #actors = new WeakMap<SiteCall, ActorMethods>();
  readonly #output = new TurnWriter();
  #bytes = 0;

  /**
   * @param begin the limits of a call count from now on
   * @param nested what calls ask for besides
   * @param collectives what they tell the other members of their gang
   */
  constructor(
    begin: (call: SiteCall) => void,
    nested: Pick<Nested, "isShared" | "isUsed">,
    collectives: Pick<Collectives, "hasTalked">,
  ) {
    this.#begin = begin;
    this.#nested = nested;
    this.#collectives = collectives;
  }

  /**
   * Runs calls in order, until there are no more, or it has taken long. A call that fails leaves the actor as it was before:
   * it is the first of its turn, or the turn ends before it.
   * @returns what `readTurn` reads
   * @throws what the first call ends with
   */
  run(call: SiteCall, turn: TurnItems): Uint8Array {
    const actor = this.#actorOf(call);
    const startMs = performance.now();
    let resident = this.#resident(call, turn);
    const output = this.#output;
    output.begin();
    let isClean = false;
    let hasCollected = false;
    let nowMs = startMs;
    try {
      while (nowMs - startMs <= turnMs && turn.next()) {
        call.element = turn.firstCall + output.count;
        this.#begin(call);
        this.#nested.isShared = output.count > 0;
        const encoded = actor.readNumbers(turn) ? undefined : turn.takeEncoded();
        for (let isDone = false; !isDone; ) {
          try {
            this.#invoke(call, actor, resident, turn, encoded);
            isDone = true;
          } catch (error) {
            // Those before it are run again without it, from where the turn began.
            if (output.count > 0) return output.failed();
            const { isOutOfMemory } = resident.instance;
            if (!isOutOfMemory || hasCollected || turn.state === undefined) throw error;
            // What it has told others can't be told again.
            if (this.#collectives.hasTalked) throw error;
            // Perhaps there is room without the garbage of former calls.
            call.sandbox.putBack(resident.instance, false);
            resident = this.#resident(call, turn);
            resident.instance.collect();
            hasCollected = true;
          }
        }
        // What has asked for something is not to be run again with those after it.
        if (this.#nested.isUsed) break;
        nowMs = performance.now();
      }
      this.#collect(resident, output.count, nowMs - startMs);
      if (!turn.isReadonly) resident.version = turn.version + 1;
      isClean = true;
      return output.finish(turn.isReadonly ? undefined : captureState(resident.instance));
    } finally {
      call.element = -1;
      this.#nested.isShared = false;
      this.#put(turn.key, resident, isClean);
    }
  }

  /** @param encoded the arguments, unless they are numbers, which have been read */
  #invoke(
    call: SiteCall,
    actor: ActorMethods,
    resident: Resident,
    { method, argCount }: TurnItems,
    encoded: Uint8Array[] | undefined,
  ): void {
    const { instance } = resident;
    const { exported, label, signature, numeric } = actor.method(method);
    if (encoded !== undefined) {
      const value = call.sandbox.invoke(call, instance, label, exported, signature, encoded);
      this.#output.value(value);
      resident.valueBytes += encoded.reduce((sum, { byteLength }) => sum + byteLength, value.byteLength);
      return;
    }
    try {
      const value = numeric!.run(instance, actor.numbers, argCount);
      if (value === undefined) this.#output.value(nothing);
      else this.#output.number(value);
    } catch (error) {
      throw call.sandbox.failure(call, instance, error);
    }
  }

  #actorOf(call: SiteCall): ActorMethods {
    let actor = this.#actors.get(call);
    if (actor === undefined) {
      actor = new ActorMethods(call);
      this.#actors.set(call, actor);
    }
    return actor;
  }

  /** An instance in the state that a turn begins with. It is put back, or dropped. */
  #resident(call: SiteCall, { key, version, state }: TurnItems): Resident {
    const known = this.#residents.get(key);
    if (known !== undefined) this.#remove(key, known);
    if (known !== undefined && known.version === version && known.call.sandbox === call.sandbox) {
      known.call = call;
      return known;
    }
    if (known !== undefined) known.call.sandbox.putBack(known.instance, false);
    const instance = call.sandbox.takeForState(call);
    if (state !== undefined) restoreState(instance, state);
    return { call, instance, version, callCount: 0, valueBytes: 0, busyMs: 0, collectMs: 0 };
  }

  /** Collects garbage now and then. */
  #collect(resident: Resident, callCount: number, ms: number): void {
    resident.callCount += callCount;
    resident.busyMs += ms;
    if (resident.callCount < callsPerCollection && resident.valueBytes < bytesPerCollection) return;
    if (resident.collectMs > collectionPart * resident.busyMs) return;
    const startMs = performance.now();
    resident.instance.collect();
    resident.collectMs = performance.now() - startMs;
    resident.callCount = 0;
    resident.valueBytes = 0;
    resident.busyMs = 0;
  }

  #put(key: number, resident: Resident, isClean: boolean): void {
    const { call, instance } = resident;
    if (!isClean || memoryOf(instance) > mostBytes) {
      call.sandbox.putBack(instance, false);
      return;
    }
    this.#residents.set(key, resident);
    this.#bytes += memoryOf(instance);
    for (const [oldest, each] of this.#residents) {
      if (this.#residents.size <= mostResidents && this.#bytes <= mostBytes) return;
      this.#remove(oldest, each);
      each.call.sandbox.putBack(each.instance, false);
    }
  }

  #remove(key: number, { instance }: Resident): void {
    this.#residents.delete(key);
    this.#bytes -= memoryOf(instance);
  }
}

const memoryOf = ({ runtime }: Instance) => runtime.memory?.buffer.byteLength ?? 0;
