import { ModuleRejectedError, ProtocolError } from "../protocol/errors.ts";
import {
  isScalarType,
  isTypedArrayName,
  type Manifest,
  manifestSection,
  type Type,
} from "../protocol/manifest.ts";
import { count, exactly, flag, listOf, object, record, type Shape, text } from "../protocol/shape.ts";
import { checkConsistent } from "./consistent.ts";
import { checkImports } from "./imports.ts";

/** A compiled module and what it says about itself. */
export type OpenModule = {
  /** sha-256 of the bytes, in hex: the module's name in the cluster. */
  sha256: string;
  wasm: WebAssembly.Module;
  manifest: Manifest;
};

/**
 * Compiles a module and reads its manifest.
 * @throws ModuleRejectedError when the bytes are no WebAssembly, carry no manifest or a broken one, or import what no
 * host gives
 */
export async function openModule(bytes: Uint8Array<ArrayBuffer>, source = "the module"): Promise<OpenModule> {
  const wasm = await WebAssembly.compile(bytes).catch((error: Error) => {
    throw new ModuleRejectedError(`${source} is not a WebAssembly module: ${error.message}`, {
      remedy: "Give the .wasm file that asc wrote.",
      cause: error,
    });
  });
  const manifest = readManifest(wasm, source);
  checkImports(wasm, source);
  return { sha256: await sha256Of(bytes), wasm, manifest };
}

/** The sha-256 of these bytes, in hex. */
export async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @throws ModuleRejectedError when the module has no manifest, or a broken one */
export function readManifest(wasm: WebAssembly.Module, source = "the module"): Manifest {
  const [section] = WebAssembly.Module.customSections(wasm, manifestSection);
  if (section === undefined) {
    throw new ModuleRejectedError(`${source} has no section ${manifestSection}`, {
      remedy: 'Compile it with asc and an asconfig.json that says {"extends": "wray/asconfig.json"}.',
    });
  }
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

const manifest: Shape<Manifest> = object(
  {
    version: exactly(1),
    module: text,
    kernels: listOf(
      object({
        name: text,
        params: listOf(object({ name: text, type }, { optional: exactly(true) })),
        returns: type,
        file: text,
        line: count,
      }),
    ),
    classes: mapOf(object({ bytes: count, fields: listOf(object({ name: text, type, offset: count })) })),
    runtimeIds: mapOf(count),
  },
  { nested: mapOf(type), preempt: flag, globals: listOf(text) },
);
