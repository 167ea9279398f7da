// node add-variants.mjs <module.wasm>
// Tells in the manifest of a module which of its kernels are variants of others: `matmulSimd` of `matmul`, and what hosts
// have a plan for on GPUs, which becomes the kernel `matmulGpu`.
import { readFile, writeFile } from "node:fs/promises";
import { plansFor } from "../gpu/shaders/plans.ts";
import { checkConsistent } from "../scheduler/manifest/consistent.ts";
import { openModule } from "../scheduler/manifest/read.ts";
import { type KernelSignature, type Manifest, manifestSection } from "../scheduler/protocol/manifest.ts";
import { withCustomSection } from "../scheduler/wasm/write.ts";

const [path] = process.argv.slice(2);
const bytes = new Uint8Array(await readFile(path!));
const { manifest } = await openModule(bytes, path);
const plans = plansFor({ matmul: "register" });

const has = (name: string) => manifest.kernels.some((kernel) => kernel.name === name);

function withVariants(kernel: KernelSignature): KernelSignature[] {
  const { name } = kernel;
  const [simd, gpu] = [`${name}Simd`, `${name}Gpu`];
  const hasPlan = Object.hasOwn(plans, name);
  const variants = { wasm: name, ...(has(simd) && { simd }), ...(hasPlan && { gpu }) };
  if (Object.keys(variants).length === 1) return [kernel];
  return [{ ...kernel, variants }, ...(hasPlan ? [{ ...kernel, name: gpu, gpu: { plan: name } }] : [])];
}

for (const name of Object.keys(plans))
  if (!has(name)) throw new Error(`${path} has no kernel ${name}, and there is a plan`);
// As asc has told them, if this was done before.
const compiled = manifest.kernels.filter(({ gpu }) => gpu === undefined);
const kernels = compiled.map(({ variants: _, ...kernel }) => kernel).flatMap(withVariants);
const told: Manifest = { ...manifest, kernels };
checkConsistent(told);
await writeFile(
  path!,
  withCustomSection(bytes, manifestSection, new TextEncoder().encode(JSON.stringify(told))),
);
