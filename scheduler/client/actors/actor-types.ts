import type { KernelFunction, UntypedFunction } from "../kernel-types.ts";

/** What an actor class is to TypeScript: what makes one, and its methods. */
export type ActorFunctions = { create: KernelFunction; methods: object };

/** An actor class of which TypeScript knows nothing; arguments are checked when it is called. */
export type UntypedActor = { create: UntypedFunction; methods: Record<string, UntypedFunction> };

/** The actor classes of a module of which TypeScript knows nothing. */
export type UntypedActors = Record<string, UntypedActor>;

/** The actor class of this name among these. */
export type ActorIn<Actors, Name extends PropertyKey> = Name extends keyof Actors
  ? Extract<Actors[Name], ActorFunctions>
  : never;
