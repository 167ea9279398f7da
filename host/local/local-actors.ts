import { Deadlocks } from "../../scheduler/actors/deadlocks.ts";
import { claimOf } from "../../scheduler/client/actors/actor-options.ts";
import type { ActorSpec } from "../../scheduler/client/backend.ts";
import { checkOwnGroup } from "../../scheduler/client/groups.ts";
import { actorExists, actorNotFound } from "../../scheduler/control/actor-names.ts";
import {
  type ActorAddress,
  type ActorName,
  addressOf,
  nameKey,
} from "../../scheduler/protocol/actor-address.ts";
import { ActorDiedError, InvalidTaskError } from "../../scheduler/protocol/errors.ts";
import { LocalActor } from "./local-actor.ts";
import type { LocalBackend } from "./local-backend.ts";

/** How often it is looked whether tasks and actors wait for each other. */
const watchMs = 100;

/**
 * The actors of an embedded host's client. None is kept here: one that nobody has a handle of any more is garbage, with its
 * calls, and its name is free.
 */
export class LocalActors {
  readonly #backend: LocalBackend;
  readonly #byId = new Map<string, WeakRef<LocalActor>>();
  /** By namespace and name; those that are gone give way to others. */
  readonly #byName = new Map<string, WeakRef<LocalActor>>();
  readonly #gone = new FinalizationRegistry<string>((id) => this.#byId.delete(id));
  readonly #deadlocks: Deadlocks;
  #count = 0;
  #watching: NodeJS.Timeout | undefined;

  constructor(backend: LocalBackend) {
    this.#backend = backend;
    this.#deadlocks = new Deadlocks({
      clientId: backend.id,
      // Here are all that wait.
      publish: (_, message) => this.#deadlocks.heard(message),
      runsBeside: (id, method) => this.#byId.get(id)?.deref()?.runsBeside(method) ?? false,
      nowMs: () => performance.now(),
    });
  }

  /** @throws InvalidTaskError for options that an embedded client has not */
  make(spec: ActorSpec, args: readonly unknown[]): LocalActor {
    checkOwnGroup(this.#backend.id, spec.options.group);
    if (spec.options.lifetime !== undefined) throw nothingOutlives();
    const claim = claimOf(spec.options);
    const known = claim && this.#named(claim);
    if (claim?.getIfExists && known !== undefined) return known;
    const actor = new LocalActor(this.#backend, spec, this.#count++, args);
    this.#byId.set(actor.id, new WeakRef(actor));
    this.#gone.register(actor, actor.id);
    if (known !== undefined) actor.fail(actorExists(claim!));
    else if (claim !== undefined) this.#byName.set(nameKey(claim), new WeakRef(actor));
    return actor;
  }

  /** The actor of this id. @throws ActorDiedError */
  of(id: string): LocalActor {
    const actor = this.#byId.get(id)?.deref();
    if (actor !== undefined) return actor;
    throw new ActorDiedError(`actor ${id} has ended: nobody had a handle of it`, {
      remedy: "Hold a handle as long as others call it.",
      data: { id },
    });
  }

  /** @throws ActorNotFoundError */
  find(name: ActorName): ActorAddress {
    const actor = this.#named(name);
    if (actor === undefined) throw actorNotFound(name);
    return addressOf(actor.address);
  }

  /** See `NestedSubmitter`. */
  waits(...given: Parameters<Deadlocks["wait"]>): () => void {
    this.#watching ??= setInterval(() => this.#deadlocks.tick(), watchMs).unref();
    return this.#deadlocks.wait(...given);
  }

  close(): void {
    clearInterval(this.#watching);
  }

  /** The actor of this name that is alive. */
  #named(name: ActorName): LocalActor | undefined {
    const actor = this.#byName.get(nameKey(name))?.deref();
    return actor?.isDead === false ? actor : undefined;
  }
}

const nothingOutlives = () =>
  new InvalidTaskError("an actor of an embedded client ends with its program", {
    remedy: "Join a cluster for detached actors: init({ servers }).",
    data: { option: "lifetime" },
  });
