import { isScalarType, isTypedArrayName, type Type } from "../../scheduler/protocol/manifest.ts";
import type { Type as CompilerType } from "./compiler.ts";

const typedArrayPrefix = "~lib/typedarray/";

const referenceTypes: Record<string, Type> = {
  "~lib/string/String": "string",
  "~lib/arraybuffer/ArrayBuffer": "ArrayBuffer",
  // AssemblyScript's names for what JavaScript calls otherwise.
  "~lib/typedarray/Int64Array": "BigInt64Array",
  "~lib/typedarray/Uint64Array": "BigUint64Array",
};

/** The manifest's name for a compiler's type, or undefined when a value of it cannot leave the sandbox. */
export function manifestType(type: CompilerType): Type | undefined {
  const name = type.toString();
  if (name === "void" || isScalarType(name)) return name;
  if (referenceTypes[name] !== undefined) return referenceTypes[name];
  if (!name.startsWith(typedArrayPrefix)) return undefined;
  const constructorName = name.slice(typedArrayPrefix.length);
  return isTypedArrayName(constructorName) ? constructorName : undefined;
}
