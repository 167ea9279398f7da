import { checkGrant } from "../../manifest/check-limits.ts";
import { quickFit } from "../../manifest/quick-fit.ts";
import type { ActorAddress } from "../../protocol/actor-address.ts";
import { defaultGrant } from "../../protocol/limits.ts";
import type { ActorSignature, KernelSignature } from "../../protocol/manifest.ts";
import type { GangPlace } from "../../protocol/messages.ts";
import type { ActorLink, Backend } from "../backend.ts";
import { checkedArgs } from "../checked-args.ts";
import type { RemoteArgs } from "../kernel.ts";
import type { KernelFunction } from "../kernel-types.ts";
import type { ModuleFacts } from "../module.ts";
import { type Handle, ObjectRef } from "../object-ref.ts";
import { type ActorOptions, checkActorOptions } from "./actor-options.ts";
import type { ActorFunctions, UntypedActor } from "./actor-types.ts";

export type ActorDeps = {
  backend: Backend;
  module: ModuleFacts;
  actor: ActorSignature;
  /** @throws when the client was shut down */
  checkOpen(): void;
};

/** A method of an actor. */
export type Method<Fn extends KernelFunction> = {
  /**
   * Submits one call, which runs after all that this program has submitted to the actor before. Returns the ref of its
   * result without waiting.
   * @throws InvalidTaskError when the arguments don't fit, naming the parameter
   * @throws PendingCallsLimitExceededError when the actor has as many as `maxPendingCalls` allows
   */
  remote(...args: RemoteArgs<Parameters<Fn>>): ObjectRef<ReturnType<Fn>>;
};

/** What a program has of an actor: its methods, by their names. */
export type ActorHandle<Functions extends ActorFunctions = UntypedActor> = Actor & {
  readonly [Name in keyof Functions["methods"]]: Method<Extract<Functions["methods"][Name], KernelFunction>>;
};

/** What a handle tells of itself, not by names, since methods may have any. */
export const actorId: unique symbol = Symbol("actor id");
export const actorHost: unique symbol = Symbol("actor host");

/** The link of a handle, which programs don't see. */
export let linkOf: (handle: Actor) => ActorLink;

/**
 * An actor of a cluster, or of an embedded host. When the program drops its last handle of it, it ends once its
 * calls have; `Client.kill` ends it at once.
 */
export abstract class Actor {
  readonly #link: ActorLink;

  constructor(link: ActorLink) {
    this.#link = link;
  }

  static {
    linkOf = (handle) => handle.#link;
  }

  /** The id of the actor. */
  get [actorId](): string {
    return this.#link.handle.id;
  }

  /** The host that it is on; undefined while it is made or moved, and when it is gone. */
  get [actorHost](): string | undefined {
    return this.#link.host;
  }

  toString(): string {
    return `Actor(${this.#link.handle.id})`;
  }
}

/**
 * An actor class of a loaded module, of which actors can be made.
 * @typeParam Functions what its typings say of it; without them, arguments are checked only at run time
 */
export class ActorClass<Functions extends ActorFunctions = UntypedActor> {
  /** `module/class` */
  readonly name: string;
  readonly #deps: ActorDeps;
  readonly #options: ActorOptions;
  readonly #Handle: new (
    link: ActorLink,
  ) => Actor;

  constructor(deps: ActorDeps, options: ActorOptions = {}) {
    this.name = `${deps.module.manifest.module}/${deps.actor.name}`;
    this.#deps = deps;
    this.#options = options;
    this.#Handle = handleClass(this.name, deps);
  }

  get signature(): ActorSignature {
    return this.#deps.actor;
  }

  /**
   * The same class with these options over the ones it has.
   * @throws InvalidTaskError for an unknown option or a value out of range
   */
  options(options: ActorOptions): ActorClass<Functions> {
    return new ActorClass(this.#deps, { ...this.#options, ...checkActorOptions(options) });
  }

  /**
   * Makes an actor, and returns its handle without waiting. When its constructor fails, so do all of its calls, with
   * ActorDiedError.
   * @throws InvalidTaskError when the arguments don't fit, naming the parameter, or a capability is not granted
   */
  remote(...args: RemoteArgs<Parameters<Functions["create"]>>): ActorHandle<Functions> {
    const { backend, module, actor, checkOpen } = this.#deps;
    checkOpen();
    const { grant = defaultGrant } = this.#options;
    checkGrant(this.name, module.needs, grant);
    const checked = checkedArgs(this.name, { ...this.#deps, signature: actor.create }, args);
    return this.#handle(backend.makeActor({ module, actor, options: this.#options }, checked));
  }

  /** The handle of an actor of this class that is there. */
  at(address: ActorAddress): ActorHandle<Functions> {
    const { backend, module, actor } = this.#deps;
    return this.#handle(backend.actorAt(address, { module, actor, options: this.#options }));
  }

  #handle(link: ActorLink): ActorHandle<Functions> {
    return new this.#Handle(link) as ActorHandle<Functions>;
  }
}

/** The class of the handles of an actor class, with a getter for each of its methods. */
function handleClass(name: string, deps: ActorDeps): new (link: ActorLink) => Actor {
  const Handle = class extends Actor {};
  for (const [nth, signature] of deps.actor.methods.entries()) {
    const label = `${name}.${signature.name}`;
    Object.defineProperty(Handle.prototype, signature.name, {
      get(this: Actor): BoundMethod {
        const method = new BoundMethod(linkOf(this), nth + 1, label, signature, deps);
        // The next time it is there.
        Object.defineProperty(this, signature.name, { value: method, enumerable: true });
        return method;
      },
    });
  }
  return Handle;
}

/** A method of an actor, as its handle has it. */
export class BoundMethod {
  readonly label: string;
  readonly link: ActorLink;
  readonly #number: number;
  readonly #deps: ActorDeps & { signature: KernelSignature };
  readonly #fits: readonly ((value: unknown) => boolean)[];

  constructor(link: ActorLink, number: number, label: string, signature: KernelSignature, deps: ActorDeps) {
    this.link = link;
    this.#number = number;
    this.label = label;
    this.#deps = { ...deps, signature };
    this.#fits = signature.params.map(({ type }) => quickFit(type));
  }

  get backend(): Backend {
    return this.#deps.backend;
  }

  remote(...args: unknown[]): ObjectRef {
    return new ObjectRef(this.call(this.checked(args)));
  }

  /** The arguments of a call, when they fit. @throws InvalidTaskError, ShutdownError */
  checked(args: readonly unknown[]): readonly unknown[] {
    this.#deps.checkOpen();
    const fits = this.#fits;
    let isQuick = args.length === fits.length;
    for (let index = 0; isQuick && index < fits.length; index++) isQuick = fits[index]!(args[index]);
    return isQuick ? args : checkedArgs(this.label, this.#deps, args);
  }

  /** @param gang which member of a gang the call is, if it is one */
  call(checked: readonly unknown[], gang?: GangPlace): Handle {
    return this.link.call(this.#number, checked, gang);
  }
}
