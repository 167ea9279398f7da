import type { ActorMethod, ActorSignature } from "../../scheduler/protocol/manifest.ts";
import type { Actor } from "./actors.ts";
import type { Program } from "./compiler.ts";
import { callSignature } from "./kernel.ts";
import type { TypeTable } from "./types.ts";

/** An actor class as the manifest tells it, or undefined after what can't cross has been reported. */
export function actorSignature(
  program: Program,
  types: TypeTable,
  { name, prototype, create: maker, methods: all }: Actor,
): ActorSignature | undefined {
  const create = callSignature(program, types, "new", maker, {
    title: `The constructor of actor '${name}'`,
    kind: "a constructor",
  });
  const methods: ActorMethod[] = [];
  for (const { name: method, call, isReadonly } of all) {
    const signature = callSignature(program, types, method, call, {
      title: `Method '${method}' of actor '${name}'`,
      kind: "a method",
      otherRemedy: "Or make the method private.",
    });
    if (signature !== undefined) methods.push(isReadonly ? { ...signature, readonly: true } : signature);
  }
  const { range } = prototype.identifierNode;
  return (
    create && {
      ...{ name, create, methods },
      ...{ file: range.source.normalizedPath, line: range.source.lineAt(range.start) },
    }
  );
}
