import { findKernel } from "../manifest/check.ts";
import { typesOf } from "../manifest/consistent.ts";
import { InvalidTaskError } from "../protocol/errors.ts";
import type { KernelSignature } from "../protocol/manifest.ts";
import { Kernel, type KernelVariant } from "./kernel.ts";
import type { KernelFunction } from "./kernel-types.ts";
import type { ModuleFacts } from "./module.ts";

/** The variants that a module says a kernel has. */
export function variantsIn(
  module: ModuleFacts,
  { variants }: KernelSignature,
): ReadonlyMap<string, KernelVariant> | undefined {
  if (variants === undefined) return undefined;
  return new Map(
    Object.entries(variants).map(([name, kernel]) => [
      name,
      { module, signature: findKernel(module.manifest, kernel), options: {} },
    ]),
  );
}

/** @throws InvalidTaskError for kernels that don't take and return the same, or none */
export function combine<Fn extends KernelFunction>(
  kernels: Readonly<Record<string, Kernel<Fn>>>,
): Kernel<Fn> {
  const parts = Object.entries(kernels).map(([name, kernel]) => ({ name, ...kernel.parts() }));
  const [first] = parts;
  if (first === undefined)
    throw new InvalidTaskError("there is no kernel among the variants", {
      remedy: "Pass them by their names: { wasm, gpu }.",
    });
  const types = typesOf(first.deps.signature);
  for (const { name, deps } of parts) {
    const others = typesOf(deps.signature);
    if (others === types) continue;
    throw new InvalidTaskError(
      `the variants ${first.name} and ${name} are no kernels of the same types: ${types} and ${others}`,
      { remedy: "Give their parameters the same types, in the same order.", data: { variant: name } },
    );
  }
  const variants = new Map(
    parts.map(({ name, deps: { module, signature }, options }) => [name, { module, signature, options }]),
  );
  return new Kernel<Fn>({ ...first.deps, variants });
}
