import type { ActorModules } from "../modules.ts";
import type { ActorFunctions, UntypedActor, UntypedActors } from "./actor-types.ts";

/** The actor classes of the module that is called so; of one that is not named, or has none, nothing is known. */
export type ActorsOf<Name extends PropertyKey> = [Name] extends [never]
  ? UntypedActors
  : Name extends keyof ActorModules
    ? ActorModules[Name]
    : UntypedActors;

/** The actor class that is called so, as `module/class`. */
export type ActorOf<Name extends string> = Name extends `${infer Module}/${infer Class}`
  ? Module extends keyof ActorModules
    ? Class extends keyof ActorModules[Module]
      ? Extract<ActorModules[Module][Class], ActorFunctions>
      : never
    : UntypedActor
  : UntypedActor;

/** The name itself; when the module is known and has no such class, the names that there are instead. */
export type ActorName<Name extends string> = Name extends `${infer Module}/${infer Class}`
  ? Module extends keyof ActorModules
    ? Class extends keyof ActorModules[Module]
      ? Name
      : `${Module}/${keyof ActorModules[Module] & string}`
    : Name
  : Name;
