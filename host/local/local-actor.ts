import { notInGang } from "../../scheduler/client/actors/not-in-gang.ts";
import type { ActorLink, ActorSpec } from "../../scheduler/client/backend.ts";
import { limitsIn } from "../../scheduler/client/task-options.ts";
import { methodNumber } from "../../scheduler/manifest/check.ts";
import { addressText, handleValue } from "../../scheduler/protocol/actor-address.ts";
import {
  ActorDiedError,
  InvalidTaskError,
  PendingCallsLimitExceededError,
  toWireError,
  type WireError,
} from "../../scheduler/protocol/errors.ts";
import { defaultGrant, defaultLimits } from "../../scheduler/protocol/limits.ts";
import type { GangPlace } from "../../scheduler/protocol/messages.ts";
import { encodeValue, planValue } from "../../scheduler/protocol/value.ts";
import { infeasible } from "../../scheduler/queue/placer.ts";
import { Actor } from "../actors/actor.ts";
import { stateRoomBytes } from "../actors/actor-state.ts";
import type { LoadedModule } from "../modules.ts";
import { fitArgs, type GivenArg } from "./fit-args.ts";
import type { Holding } from "./gate.ts";
import type { LocalBackend } from "./local-backend.ts";
import { LocalMethodCall, type MethodHears } from "./local-method-call.ts";
import { LocalObject } from "./local-object.ts";

/** An actor that nobody can call any more has no calls that wait either: each holds it. */
const dropped = new FinalizationRegistry<{ actor: Actor; letGo(): void }>(({ actor, letGo }) => {
  actor.end(toWireError(new ActorDiedError("nobody has a handle of it")));
  letGo();
});

/** An actor of an embedded host's client. */
export class LocalActor implements ActorLink {
  readonly handle: LocalObject;
  readonly address: string;
  readonly #backend: LocalBackend;
  readonly #spec: ActorSpec;
  /** Calls in the order in which they were submitted, from the first whose arguments are not all ready. */
  readonly #waiting: LocalMethodCall[] = [];
  #pendingCount = 0;
  #module: LoadedModule | undefined;
  #actor: Actor | undefined;
  #error: WireError | undefined;
  /** What it has of the host, or is to have. */
  #holding: Holding | undefined;

  constructor(backend: LocalBackend, spec: ActorSpec, number: number, args: readonly unknown[]) {
    this.#backend = backend;
    this.#spec = spec;
    const { sha256 } = spec.module;
    this.handle = backend.newActorObject(this);
    const address = { owner: backend.id, id: this.id, sha256, actor: spec.actor.name };
    this.address = addressText(address);
    this.handle.settle({ kind: "bytes", encoded: encodeValue(handleValue(address)) });
    const loaded = backend.modules.loaded(sha256);
    if (loaded !== undefined) this.#start(loaded, number);
    else
      backend.modules.get(sha256).then(
        (module) => this.#start(module, number),
        (error) => this.#die(diedOf(this.#label, toWireError(error))),
      );
    const made = this.#submit(0, plansOf(args));
    made.whenReady({
      ready: () => {
        if (made.content.kind === "failed") this.#die(diedOf(this.#label, toWireError(made.content.error)));
        made.free();
      },
    });
  }

  get id(): string {
    return this.handle.id;
  }

  get #label(): string {
    const { module, actor } = this.#spec;
    return `${module.manifest.module}/${actor.name}`;
  }

  call(method: number, args: readonly unknown[], gang?: GangPlace): LocalObject {
    return this.#call(method, plansOf(args), gang);
  }

  checkGang(): void {
    const { checkpoint } = this.#spec.options;
    if (checkpoint !== undefined) throw notInGang({ id: this.id, actor: this.#label }, "it has a checkpoint");
  }

  /**
   * Calls a method by its name, with arguments that may be encoded.
   * @throws KernelNotFoundError, PendingCallsLimitExceededError
   */
  callPlanned(method: string, given: readonly GivenArg[]): LocalObject {
    const { methods } = this.#spec.actor;
    const names = methods.map(({ name }) => name);
    return this.#call(methodNumber(this.#label, names, method), given);
  }

  #call(method: number, given: readonly GivenArg[], gang?: GangPlace): LocalObject {
    const { maxPendingCalls = Number.POSITIVE_INFINITY } = this.#spec.options;
    if (this.#pendingCount >= maxPendingCalls)
      throw new PendingCallsLimitExceededError(`${this.#label}: ${maxPendingCalls} calls are pending`, {
        remedy: "Wait for some of their refs, or raise maxPendingCalls.",
        data: { id: this.id, maxPendingCalls },
      });
    return this.#submit(method, given, gang);
  }

  /** Whether a method runs beside others of it. */
  runsBeside(method: string): boolean {
    const { actor, options } = this.#spec;
    const isReadonly = actor.methods.some(({ name, readonly }) => name === method && readonly);
    return isReadonly && (options.maxConcurrency ?? 1) > 1;
  }

  get isDead(): boolean {
    return this.#error !== undefined;
  }

  readonly host = undefined;

  move(): never {
    throw new InvalidTaskError("an embedded client has no other host", {
      remedy: "Join a cluster by init({ servers }).",
    });
  }

  kill(): void {
    this.fail(
      new ActorDiedError(`actor ${this.id}, of ${this.#label}, was killed`, { data: { id: this.id } }),
    );
  }

  /** All of its calls fail with this error. */
  fail(error: Error): void {
    this.#die(toWireError(error));
  }

  #submit(method: number, given: readonly GivenArg[], gang?: GangPlace): LocalObject {
    const backend = this.#backend;
    const { actor, options } = this.#spec;
    const name = method === 0 ? "new" : actor.methods[method - 1]!.name;
    const label = method === 0 ? this.#label : `${this.#label}.${name}`;
    const { maxArgumentBytes = defaultLimits.maxArgumentBytes } = options;
    const { args, kept } = given.every(isNumber)
      ? { args: given as number[], kept: none }
      : fitArgs(label, given, maxArgumentBytes, backend.keep, stateRoomBytes);
    const result = backend.newResult();
    this.#pendingCount++;
    const call = new LocalMethodCall(backend, label, method, args, result, this.#hears, gang);
    for (const object of kept) object.free();
    this.#waiting.push(call);
    this.#went();
    return result;
  }

  /** Gives the actor what it can have, in order. */
  readonly #went = (): void => {
    while (this.#waiting.length > 0) {
      const call = this.#waiting[0]!;
      if (this.#error !== undefined) call.ended({ kind: "error", error: this.#error });
      else if (this.#actor === undefined || !call.isReady) return;
      else if (!call.hasEnded) this.#actor.call(call);
      this.#waiting.shift();
    }
  };

  readonly #hears: MethodHears = {
    went: this.#went,
    over: () => {
      this.#pendingCount--;
    },
    stop: (call) => this.#actor?.stop(call, stopped),
    located: (error, tell) => {
      if (this.#module === undefined) tell(error);
      else this.#backend.located(this.#module, error, tell);
    },
  };

  #start(module: LoadedModule, key: number): void {
    if (this.#error !== undefined) return;
    this.#module = module;
    const { gate, hosts } = this.#backend;
    const { resources: need } = this.#spec.options;
    if (need === undefined) {
      this.#begin(module, key);
      return;
    }
    const lacks = gate.lacks(need);
    if (lacks.length > 0) {
      const error = infeasible({ label: this.#label, need }, [{ id: hosts[0]!.id, lacks }], 0);
      this.#die(diedOf(this.#label, toWireError(error)));
      return;
    }
    this.#holding = { need };
    gate.hold(this.#holding, {
      begin: () => this.#begin(module, key),
      fail: (error) => this.#die(toWireError(error)),
    });
  }

  #begin(module: LoadedModule, key: number): void {
    // No closure below may hold this one, which the garbage collector is to find.
    const [backend, id] = [this.#backend, this.id];
    const { actor, options } = this.#spec;
    const { grant = defaultGrant, maxConcurrency = 1 } = options;
    try {
      const limits = { ...defaultLimits, ...limitsIn(options) };
      backend.checkMemory(this.#label, limits.memoryBytes);
      const site = backend.pool.site({
        ...{ module, kernel: actor.name, limits, grant, seed: { kind: "item" } },
        ...{ isMap: false, isActor: true },
      });
      this.#actor = new Actor({
        ...{ pool: backend.pool, store: backend.store, site, owner: backend.id },
        ...{ id, seed: id, key, maxConcurrency },
        // All members are in this process.
        gangs: { join: (place, answer) => backend.gangs.join(place, answer), moved: () => {} },
        childrenOf: (turn, seed) => backend.childrenOf(turn, id, seed),
        log: (id, text) => backend.log(id, text),
      });
      const { gate } = backend;
      const holding = this.#holding;
      dropped.register(this, { actor: this.#actor, letGo: () => holding && gate.letGo(holding) });
    } catch (error) {
      this.#die(diedOf(this.#label, toWireError(error)));
    }
    this.#went();
  }

  #die(error: WireError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#actor?.end(error);
    if (this.#holding !== undefined) this.#backend.gate.letGo(this.#holding);
    this.#went();
  }
}

/** Its caller has heard another reason by then. */
const stopped = { kind: "error", error: toWireError(new Error("it was stopped")) } as const;

/** Why an actor is gone that could not be made. */
const diedOf = (label: string, cause: WireError): WireError => ({
  ...toWireError(
    new ActorDiedError(`${label} could not be made: ${cause.message}`, { data: { actorInitFailed: true } }),
  ),
  cause,
});

/** Values as they are written, and objects. */
const plansOf = (args: readonly unknown[]): readonly GivenArg[] =>
  args.every(isNumber)
    ? args
    : args.map((arg) => (isNumber(arg) || arg instanceof LocalObject ? arg : planValue(arg)));

const isNumber = (arg: unknown): arg is number => typeof arg === "number";
const none: readonly LocalObject[] = [];
