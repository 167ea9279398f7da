import { findKernel } from "../manifest/check.ts";
import type { Manifest } from "../protocol/manifest.ts";
import type { Kernel } from "./kernel.ts";

/** A module that the cluster has, by its hash. */
export class Module {
  /** Its sha-256, in hex. */
  readonly sha256: string;
  readonly manifest: Manifest;
  readonly #makeKernel: (module: Module, name: string) => Kernel;

  constructor(sha256: string, manifest: Manifest, makeKernel: (module: Module, name: string) => Kernel) {
    this.sha256 = sha256;
    this.manifest = manifest;
    this.#makeKernel = makeKernel;
  }

  get name(): string {
    return this.manifest.module;
  }

  /** @throws KernelNotFoundError naming the kernels that there are */
  kernel(name: string): Kernel {
    findKernel(this.manifest, name);
    return this.#makeKernel(this, name);
  }
}
