import { ModuleRejectedError, ProtocolError } from "../protocol/errors.ts";
import type { Capability } from "../protocol/limits.ts";
import {
  type ActorSignature,
  type Formula,
  type GpuDispatch,
  type GpuKernel,
  isScalarType,
  isTypedArrayName,
  type Manifest,
  manifestSection,
  type Type,
} from "../protocol/manifest.ts";
import { count, exactly, finite, flag, listOf, object, record, type Shape, text } from "../protocol/shape.ts";
import type { WasmModule } from "../wasm/module.ts";
import { customSection, parseModule } from "../wasm/parse.ts";
import { checkConsistent } from "./consistent.ts";
import { foreignManifest, type Origin } from "./foreign.ts";
import { capabilitiesOf, checkImports } from "./imports.ts";

/** A module and what it says about itself. */
export type OpenModule = {
  /** sha-256 of the bytes, in hex: the module's name in the cluster. */
  sha256: string;
  bytes: Uint8Array<ArrayBuffer>;
  manifest: Manifest;
  /** What a task must be granted to run it. */
  needs: readonly Capability[];
};

/**
 * Reads what a module declares, by our own means: it is never asked of the engine, whose answers are objects that a
 * module could give odd names.
 * @param source what to call the module in errors
 * @param fileName where the bytes come from: it names a module that has no manifest
 * @throws ModuleRejectedError when the bytes are no WebAssembly, have a broken manifest, or neither a manifest nor
 * anything to call, or import what no host gives
 */
export async function openModule(
  bytes: Uint8Array<ArrayBuffer>,
  source = "the module",
  fileName?: string,
): Promise<OpenModule> {
  const module = parseModule(bytes, source);
  const sha256 = await sha256Of(bytes);
  const manifest = readManifest(module, source, { fileName, sha256 });
  checkImports(module, source);
  return { sha256, bytes, manifest, needs: capabilitiesOf(module.imports) };
}

/** Compiles a module. @throws ModuleRejectedError when the engine refuses it */
export function compileModule(bytes: Uint8Array<ArrayBuffer>, source: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(bytes).catch((error: Error) => {
    throw new ModuleRejectedError(`${source} is not a WebAssembly module: ${error.message}`, {
      remedy: "Give the .wasm file that the compiler wrote, whole.",
      cause: error,
    });
  });
}

/** The sha-256 of these bytes, in hex. */
export async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The manifest that a module carries, or one made of its exports.
 * @throws ModuleRejectedError when the manifest is broken, or there is none and nothing to call
 */
export function readManifest(module: WasmModule, source: string, origin: Origin): Manifest {
  const section = customSection(module, manifestSection);
  if (section === undefined) return foreignManifest(module, source, origin);
  try {
    const read = manifest(JSON.parse(new TextDecoder().decode(section)), "manifest");
    checkConsistent(read);
    return read;
  } catch (error) {
    throw new ModuleRejectedError(`${source} has a broken manifest: ${(error as Error).message}`, {
      remedy: "Compile it again with this version of wray.",
      cause: error,
    });
  }
}

const type: Shape<Type> = (value, path) => {
  if (typeof value === "string") {
    if (isScalarType(value) || isTypedArrayName(value)) return value;
    if (value === "void" || value === "string" || value === "ArrayBuffer") return value;
    throw new ProtocolError(`${path} has the unknown type ${value}`);
  }
  const [[kind, of] = ["nothing"], ...rest] = Object.entries(record(value, path));
  if (rest.length === 0) {
    if (kind === "object") return { object: text(of, `${path}.object`) };
    if (kind === "array") return { array: type(of, `${path}.array`) };
    if (kind === "staticArray") return { staticArray: type(of, `${path}.staticArray`) };
    if (kind === "nullable") return { nullable: type(of, `${path}.nullable`) } as Type;
  }
  throw new ProtocolError(`${path} has the unknown type ${JSON.stringify(value).slice(0, 100)}`);
};

/** A map from names of any kind; as a `Map` would, it knows no name of `Object.prototype`. */
const mapOf =
  <T>(item: Shape<T>): Shape<Record<string, T>> =>
  (value, path) =>
    Object.assign(
      Object.create(null),
      Object.fromEntries(
        Object.entries(record(value, path)).map(([name, each]) => [name, item(each, `${path}.${name}`)]),
      ),
    );

const formula: Shape<Formula> = (value, path) =>
  typeof value === "number" ? finite(value, path) : text(value, path);

const dispatch: Shape<GpuDispatch> = object(
  { workgroups: listOf(formula) },
  {
    entry: text,
    constants: mapOf(formula),
    uniforms: mapOf((value, path) =>
      typeof value === "object" ? mapOf(formula)(value, path) : formula(value, path),
    ),
    buffers: mapOf(text),
  },
);

const gpu: Shape<GpuKernel> = (value, path) => {
  const { plan, field } = record(value, path);
  if (plan !== undefined) return { plan: text(plan, `${path}.plan`) };
  if (field !== undefined) return { field: text(field, `${path}.field`) };
  return dispatches(value, path);
};

const dispatches: Shape<GpuKernel> = object({
  shader: text,
  buffers: mapOf(formula),
  updates: listOf(text),
  outputs: listOf(text),
  steps: listOf(dispatch),
});

const signature = {
  name: text,
  params: listOf(object({ name: text, type }, { optional: exactly(true) })),
  returns: type,
  file: text,
  line: count,
};

const actor: Shape<ActorSignature> = object({
  name: text,
  create: object({ ...signature, name: exactly("new"), returns: exactly("void") }),
  methods: listOf(object(signature, { readonly: exactly(true) })),
  file: text,
  line: count,
});

const manifest: Shape<Manifest> = object(
  {
    version: exactly(1),
    module: text,
    kernels: listOf(object(signature, { gpu, variants: mapOf(text) })),
    classes: mapOf(object({ bytes: count, fields: listOf(object({ name: text, type, offset: count })) })),
    runtimeIds: mapOf(count),
  },
  { actors: listOf(actor), nested: mapOf(type), shaders: mapOf(text), preempt: flag },
);
