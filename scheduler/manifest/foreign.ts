import { ModuleRejectedError } from "../protocol/errors.ts";
import type { KernelSignature, Manifest, Param, ScalarType } from "../protocol/manifest.ts";
import { isFunctionName, isName } from "../protocol/subjects.ts";
import { type FunctionType, valueTypes, type WasmModule } from "../wasm/module.ts";
import { readNames } from "../wasm/names.ts";

/** Types that cross as numbers. An i32 is signed, since the binary does not say whether it is. */
const scalars = new Map<number, ScalarType>([
  [valueTypes.i32, "i32"],
  [valueTypes.i64, "i64"],
  [valueTypes.f32, "f32"],
  [valueTypes.f64, "f64"],
]);

/** How much of a module's sha-256 names it when nothing else does. */
const hashDigitCount = 12;

/** What to call a module without a manifest: the file that it came from, if any, and its sha-256. */
export type Origin = { fileName?: string | undefined; sha256: string };

/**
 * The manifest of a module that carries none, as of Rust or C: each exported function of numbers is a kernel. It has
 * no source that could be told, so `file` is empty and `line` is 0.
 * @throws ModuleRejectedError when there is nothing that could be called
 */
export function foreignManifest(module: WasmModule, source: string, origin: Origin): Manifest {
  const names = readNames(module);
  const kernels = module.exports
    .filter(({ kind, name }) => kind === "function" && isFunctionName(name))
    .map(({ name, index }) => {
      const type = module.types[module.functions[index]!]!;
      return signature(name, type, names.locals.get(index));
    })
    .filter((kernel) => kernel !== undefined);
  if (kernels.length === 0) {
    throw new ModuleRejectedError(`${source} has neither a manifest nor a function of numbers to call`, {
      remedy:
        'Compile it with asc and an asconfig.json that says {"extends": "wray/asconfig.json"}, or export a function ' +
        "that takes numbers and returns one or none.",
    });
  }
  return {
    version: 1,
    module: moduleName(names.module, origin),
    kernels,
    classes: Object.create(null),
    runtimeIds: Object.create(null),
  };
}

/** The base name of a file without `.wasm`, with `_` for what a name can't have. */
export function nameOfFile(path: string): string | undefined {
  return nameFrom(path.replace(/^.*[/\\]/, "").replace(/\.wasm$/i, ""));
}

const moduleName = (ownName: string | undefined, { fileName, sha256 }: Origin): string =>
  (fileName && nameOfFile(fileName)) ?? (ownName && nameOfFile(ownName)) ?? sha256.slice(0, hashDigitCount);

function nameFrom(text: string): string | undefined {
  const name = text.replace(/[^\w-]/g, "_").slice(0, 64);
  // What has no letter or digit left tells nothing.
  return isName(name) && /[A-Za-z0-9]/.test(name) ? name : undefined;
}

function signature(
  name: string,
  { params, results }: FunctionType,
  localNames: ReadonlyMap<number, string> | undefined,
): KernelSignature | undefined {
  const types = params.map((param) => scalars.get(param));
  const returns = results.length === 0 ? "void" : scalars.get(results[0]!);
  if (results.length > 1 || returns === undefined || types.includes(undefined)) return;
  return { name, params: withNames(types as ScalarType[], localNames), returns, file: "", line: 0 };
}

/** Parameters go by the names that the compiler left, if all have one and none has that of another. */
function withNames(
  types: readonly ScalarType[],
  localNames: ReadonlyMap<number, string> | undefined,
): Param[] {
  const given = types.map((_, index) => localNames?.get(index));
  const isGood =
    given.every((name) => name !== undefined && isFunctionName(name)) && new Set(given).size === given.length;
  return types.map((type, index) => ({ name: isGood ? given[index]! : letter(index, types.length), type }));
}

/** a, b, c …, or p0, p1, p2 … when there are more than the alphabet has. */
const letter = (index: number, count: number): string =>
  count <= 26 ? String.fromCharCode(0x61 + index) : `p${index}`;
