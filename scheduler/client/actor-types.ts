import type { ActorModules, Modules } from "./modules.ts";
import type { KernelFunction, UntypedFunction } from "./kernel-types.ts";

/** What an actor class is to TypeScript: what makes one, and its methods. */
export type ActorFunctions = { create: KernelFunction; methods: object };

/** An actor class of which TypeScript knows nothing; arguments are checked when it is called. */
export type UntypedActor = { create: UntypedFunction; methods: Record<string, UntypedFunction> };

/** The actor classes of a module of which TypeScript knows nothing. */
export type UntypedActors = Record<string, UntypedActor>;

/** The actor classes of the module that is called so; of one that is not named, nothing is known. */
export type ActorsOf<Name extends keyof Modules> = [Name] extends [never]
  ? UntypedActors
  : Name extends keyof ActorModules
    ? ActorModules[Name]
    : Record<never, UntypedActor>;

/** The actor class of this name among these. */
export type ActorIn<Actors, Name extends PropertyKey> = Name extends keyof Actors
  ? Extract<Actors[Name], ActorFunctions>
  : never;
