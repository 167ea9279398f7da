import { basename } from "node:path";
import type { KernelSignature, Manifest } from "../../scheduler/protocol/manifest.ts";
import {
  type Type as CompilerType,
  type File,
  isFunctionPrototype,
  isFunctionVariable,
  type Program,
} from "./compiler.ts";
import { exportsOf } from "./entry.ts";
import { kernelSignature } from "./kernel.ts";
import { refuse } from "./refuse.ts";
import { manifestType } from "./types.ts";

/** What a program's entry file offers, without its globals. Faults are reported, and then it is not complete. */
export function describe(program: Program, entry: File): Omit<Manifest, "globals"> {
  const kernels: KernelSignature[] = [];
  const types: CompilerType[] = [];
  const exported = exportsOf(entry);
  for (const [name, element] of exported) {
    if (isFunctionPrototype(element)) {
      const kernel = kernelSignature(program, name, element);
      if (kernel === undefined) continue;
      kernels.push(kernel.signature);
      types.push(...kernel.types);
    } else if (isFunctionVariable(element)) {
      refuse(
        program,
        element.identifierNode.range,
        `'${name}' is a variable that holds a function, which cannot be called from outside.`,
        `Write \`export function ${name}(…)\`.`,
      );
    }
  }
  if (
    ![...exported.values()].some((element) => isFunctionPrototype(element) || isFunctionVariable(element))
  ) {
    refuse(
      program,
      entry.source.range,
      "This file exports no function, so it has no kernel.",
      "Write `export function …`.",
    );
  }
  return {
    version: 1,
    module: basename(entry.source.normalizedPath, ".ts"),
    kernels,
    classes: {},
    runtimeIds: runtimeIds(program, types),
  };
}

/** Class ids of what the loader must be able to allocate. */
function runtimeIds(program: Program, types: readonly CompilerType[]): Record<string, number> {
  const ids: Record<string, number> = {
    ArrayBuffer: program.arrayBufferInstance.id,
    String: program.stringInstance.id,
  };
  for (const type of types) {
    const name = manifestType(type);
    const id = type.getClass()?.id;
    if (id !== undefined && name !== undefined && name !== "string") ids[name] = id;
  }
  return ids;
}
