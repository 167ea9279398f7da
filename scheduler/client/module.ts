import type { OpenModule } from "../manifest/read.ts";
import type { Capability } from "../protocol/limits.ts";
import type { Manifest } from "../protocol/manifest.ts";
import type { Kernel } from "./kernel.ts";
import type { FunctionIn, UntypedKernels } from "./kernel-types.ts";

export type ModuleFacts = Pick<OpenModule, "sha256" | "manifest" | "needs">;
type MakeKernel = (module: ModuleFacts, name: string) => Kernel;

/**
 * A module that the cluster has, by its hash.
 * @typeParam Kernels what its typings say of it, such as `Modules["hello"]`
 */
export class Module<Kernels = UntypedKernels> {
  /** Its sha-256, in hex. */
  readonly sha256: string;
  readonly manifest: Manifest;
  /** What tasks of it must be granted. */
  readonly needs: readonly Capability[];
  readonly #makeKernel: MakeKernel;

  constructor({ sha256, manifest, needs }: ModuleFacts, makeKernel: MakeKernel) {
    this.sha256 = sha256;
    this.manifest = manifest;
    this.needs = needs;
    this.#makeKernel = makeKernel;
  }

  get name(): string {
    return this.manifest.module;
  }

  /** @throws KernelNotFoundError naming the kernels that there are */
  kernel<const Name extends keyof Kernels & string>(name: Name): Kernel<FunctionIn<Kernels, Name>> {
    return this.#makeKernel(this, name) as Kernel<FunctionIn<Kernels, Name>>;
  }
}
