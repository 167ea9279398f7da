import { findKernel } from "../manifest/check.ts";
import type { Manifest } from "../protocol/manifest.ts";
import type { Kernel } from "./kernel.ts";
import type { FunctionIn, UntypedKernels } from "./kernel-types.ts";

type MakeKernel = (module: Pick<Module, "sha256" | "name" | "manifest">, name: string) => Kernel;

/**
 * A module that the cluster has, by its hash.
 * @typeParam Kernels what its typings say of it, such as `Modules["hello"]`
 */
export class Module<Kernels = UntypedKernels> {
  /** Its sha-256, in hex. */
  readonly sha256: string;
  readonly manifest: Manifest;
  readonly #makeKernel: MakeKernel;

  constructor(sha256: string, manifest: Manifest, makeKernel: MakeKernel) {
    this.sha256 = sha256;
    this.manifest = manifest;
    this.#makeKernel = makeKernel;
  }

  get name(): string {
    return this.manifest.module;
  }

  /** @throws KernelNotFoundError naming the kernels that there are */
  kernel<const Name extends keyof Kernels & string>(name: Name): Kernel<FunctionIn<Kernels, Name>> {
    findKernel(this.manifest, name);
    return this.#makeKernel(this, name) as Kernel<FunctionIn<Kernels, Name>>;
  }
}
