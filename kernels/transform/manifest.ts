import { basename } from "node:path";
import type { KernelSignature, Manifest } from "../../scheduler/protocol/manifest.ts";
import { actorSignature } from "./actor-signature.ts";
import type { Actor } from "./actors.ts";
import {
  type Element,
  type File,
  isFunctionPrototype,
  isFunctionVariable,
  type Program,
} from "./compiler.ts";
import { exportsOf } from "./entry.ts";
import { kernelSignature } from "./kernel.ts";
import { nestedTypes } from "./nested.ts";
import { refuse } from "./refuse.ts";
import { TypeTable } from "./types.ts";

/**
 * What a program's entry file offers, without its options. Faults are reported, and then it is not complete.
 * @param actors whose functions are among the exports
 */
export function describe(program: Program, entry: File, actors: readonly Actor[]): Omit<Manifest, "preempt"> {
  const kernels: KernelSignature[] = [];
  const types = new TypeTable();
  // Any module may be given a text or bytes by its host, whatever its kernels take.
  types.add("ArrayBuffer", program.arrayBufferInstance.id);
  types.add("string", program.stringInstance.id);
  const ofActors = new Set<Element>(
    actors.flatMap(({ create, methods }) => [create, ...methods.map(({ call }) => call)]),
  );
  const exported = [...exportsOf(entry)].filter(([, element]) => !ofActors.has(element));
  for (const [name, element] of exported) {
    if (isFunctionPrototype(element)) {
      const signature = kernelSignature(program, types, name, element);
      if (signature !== undefined) kernels.push(signature);
    } else if (isFunctionVariable(element)) {
      refuse(
        program,
        element.identifierNode.range,
        `'${name}' is a variable that holds a function, which cannot be called from outside.`,
        `Write \`export function ${name}(…)\`.`,
      );
    }
  }
  const isCallable = ([, element]: [string, Element]) =>
    isFunctionPrototype(element) || isFunctionVariable(element);
  if (actors.length === 0 && !exported.some(isCallable)) {
    refuse(
      program,
      entry.source.range,
      "This file exports no function, so it has no kernel.",
      "Write `export function …`, or `@actor` before `export class …`.",
    );
  }
  const signatures = actors
    .map((actor) => actorSignature(program, types, actor))
    .filter((each) => each !== undefined);
  const nested = nestedTypes(program, types);
  return {
    version: 1,
    module: basename(entry.source.normalizedPath, ".ts"),
    kernels,
    ...(actors.length > 0 && { actors: signatures }),
    classes: types.classes,
    runtimeIds: types.runtimeIds,
    ...(Object.keys(nested).length > 0 && { nested }),
  };
}
