import type { ShippedActorModules, ShippedModules } from "../../dist/std/modules.ts";

/**
 * The modules whose kernels TypeScript knows, by name. The typings that `asc` and `wray types` write add to it, by
 * `declare module "wray"`; both entries of the package show this one.
 */
export interface Modules extends ShippedModules {}

/** The modules whose actor classes TypeScript knows, by name; added to as `Modules` is. */
export interface ActorModules extends ShippedActorModules {}
