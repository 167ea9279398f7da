import { InvalidTaskError } from "../../scheduler/protocol/errors.ts";
import { type ActorSignature, actorExport, type KernelSignature } from "../../scheduler/protocol/manifest.ts";
import { TurnWriter } from "../actors/turn-format.ts";
import { captureState, pagesOf, restoreState } from "./actor-state.ts";
import type { Instance } from "./instance.ts";
import type { SiteCall } from "./site-call.ts";

/** A turn ends with the first call that is done after so long: others wait for what it has come to. */
const turnMs = 1;
/** How many actors have an instance here at most, and how much memory these may have together. */
const mostResidents = 64;
const mostBytes = 64 * 1024 * 1024;
/** Garbage is collected after so many calls, or values of so many bytes, and takes at most this part of the time. */
const callsPerCollection = 64;
const bytesPerCollection = 1024 * 1024;
const collectionPart = 0.1;

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

/** What a worker gets as the items of a turn, before the calls. */
export type Turn = {
  /** Tells actors of this host from each other. */
  key: number;
  /** Which state it begins with; undefined when its first call makes the actor. */
  version: number;
  state: Uint8Array | undefined;
  /** How many calls the actor has had. */
  firstCall: number;
  /** Whether all calls leave the actor as it is. */
  isReadonly: boolean;
  /** Each call: its method, 0 for what makes the actor, and its encoded arguments. */
  calls: { method: number; args: Uint8Array[] }[];
};

/**
 * Runs methods of actors. An actor is a state, which its host has: a turn takes it, with some calls, and gives back what came
 * of these and the state after them. So it does not matter which worker runs it, and what happens to that. An instance
 * that has just been in that state is used again.
 */
export class ActorTurns {
  readonly #begin: (call: SiteCall) => void;
  /** The one used last comes last. */
  readonly #residents = new Map<number, Resident>();
  #bytes = 0;

  /** @param begin the limits of a call count from now on */
  constructor(begin: (call: SiteCall) => void) {
    this.#begin = begin;
  }

  /**
   * Runs calls in order, until there are no more, or it has taken long. A call that fails leaves the actor as it was before:
   * it is the first of its turn, or the turn ends before it.
   * @returns what `readTurn` reads
   * @throws what the first call ends with
   */
  run(call: SiteCall, turn: Turn): Uint8Array {
    const actor = actorOf(call);
    const startMs = performance.now();
    let resident = this.#resident(call, turn);
    const output = new TurnWriter();
    let isClean = false;
    let hasCollected = false;
    let nowMs = startMs;
    try {
      for (let nth = 0; nth < turn.calls.length; nth++) {
        const { method, args } = turn.calls[nth]!;
        call.element = turn.firstCall + nth;
        this.#begin(call);
        try {
          const value = this.#invoke(call, actor, resident.instance, method, args);
          output.value(value);
          resident.valueBytes += args.reduce((sum, { byteLength }) => sum + byteLength, value.byteLength);
        } catch (error) {
          if (nth > 0) {
            // Those before it are run again without it, from where the turn began.
            output.fails(nth);
            return output.finish(undefined);
          }
          if (!resident.instance.isOutOfMemory || hasCollected || turn.state === undefined) throw error;
          // Perhaps there is room without the garbage of former calls.
          call.sandbox.putBack(resident.instance, false);
          resident = this.#resident(call, turn);
          resident.instance.collect();
          hasCollected = true;
          nth--;
        }
        nowMs = performance.now();
        if (nowMs - startMs > turnMs) break;
      }
      this.#collect(resident, output.count, nowMs - startMs);
      const state = turn.isReadonly ? undefined : captureState(resident.instance);
      if (!turn.isReadonly) resident.version = turn.version + 1;
      isClean = true;
      return output.finish(state);
    } finally {
      call.element = -1;
      this.#put(turn.key, resident, isClean);
    }
  }

  #invoke(
    call: SiteCall,
    actor: ActorSignature,
    instance: Instance,
    method: number,
    args: Uint8Array[],
  ): Uint8Array {
    const signature: KernelSignature | undefined = method === 0 ? actor.create : actor.methods[method - 1];
    if (signature === undefined) throw new InvalidTaskError(`${call.name} has no method ${method}`);
    const label = `${call.name}.${signature.name}`;
    return call.sandbox.invoke(
      call,
      instance,
      label,
      actorExport(actor.name, signature.name),
      signature,
      args,
    );
  }

  /** An instance in the state that a turn begins with. It is put back, or dropped. */
  #resident(call: SiteCall, { key, version, state }: Turn): Resident {
    const known = this.#residents.get(key);
    if (known !== undefined) this.#remove(key, known);
    if (known !== undefined && known.version === version && known.call.sandbox === call.sandbox) {
      known.call = call;
      return known;
    }
    if (known !== undefined) known.call.sandbox.putBack(known.instance, false);
    const instance = call.sandbox.takeForState(call, state === undefined ? undefined : pagesOf(state));
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

function actorOf({ sandbox, kernel }: SiteCall): ActorSignature {
  const actor = sandbox.actor(kernel);
  if (actor !== undefined) return actor;
  throw new InvalidTaskError(`module ${sandbox.name} has no actor ${JSON.stringify(kernel)}`);
}
