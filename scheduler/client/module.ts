import type { OpenModule } from "../manifest/read.ts";
import type { Capability } from "../protocol/limits.ts";
import type { Manifest } from "../protocol/manifest.ts";
import type { ActorClass } from "./actors/actor.ts";
import type { ActorIn, UntypedActors } from "./actors/actor-types.ts";
import type { Kernel } from "./kernel.ts";
import type { FunctionIn, UntypedKernels } from "./kernel-types.ts";

export type ModuleFacts = Pick<OpenModule, "sha256" | "manifest" | "needs">;
/** What makes kernels and actor classes of modules. */
export type Making = {
  kernel(module: ModuleFacts, name: string): Kernel;
  actor(module: ModuleFacts, name: string): ActorClass;
};

/**
 * A module that the cluster has, by its hash.
 * @typeParam Kernels what its typings say of its kernels, such as `Modules["hello"]`
 * @typeParam Actors what they say of its actor classes, such as `ActorModules["hello"]`
 */
export class Module<Kernels = UntypedKernels, Actors = UntypedActors> {
  /** Its sha-256, in hex. */
  readonly sha256: string;
  readonly manifest: Manifest;
  /** What tasks of it must be granted. */
  readonly needs: readonly Capability[];
  readonly #making: Making;

  constructor({ sha256, manifest, needs }: ModuleFacts, making: Making) {
    this.sha256 = sha256;
    this.manifest = manifest;
    this.needs = needs;
    this.#making = making;
  }

  get name(): string {
    return this.manifest.module;
  }

  /** @throws KernelNotFoundError naming the kernels that there are */
  kernel<const Name extends keyof Kernels & string>(name: Name): Kernel<FunctionIn<Kernels, Name>> {
    return this.#making.kernel(this, name) as Kernel<FunctionIn<Kernels, Name>>;
  }

  /** @throws KernelNotFoundError naming the actor classes that there are */
  actor<const Name extends keyof Actors & string>(name: Name): ActorClass<ActorIn<Actors, Name>> {
    return this.#making.actor(this, name) as unknown as ActorClass<ActorIn<Actors, Name>>;
  }
}
