import type { Type } from "../../scheduler/protocol/manifest.ts";
import { isGenericInstance, type Program } from "./compiler.ts";
import { isObstacle, placedReason, shownName } from "./obstacle.ts";
import { refuse } from "./refuse.ts";
import type { TypeTable } from "./types.ts";

/** Generic functions of the sdk through which a kernel hands values to its host, and gets them, by address. */
const carriers = new Set(["__wray_arg", "__wray_put", "__wray_emit", "__wray_take"]);

/**
 * The types that nested calls pass and get, by run-time class id: those with which the carriers are instantiated.
 * Numbers go as they are, and have no address. A class that is nullable anywhere is nullable here.
 */
export function nestedTypes(program: Program, types: TypeTable): Record<string, Type> {
  const nested: Record<string, Type> = {};
  for (const instance of program.instancesByName.values()) {
    if (!isGenericInstance(instance) || !carriers.has(instance.prototype.name)) continue;
    const [argument] = instance.typeArguments;
    const type = types.crossing(argument);
    const reference = argument.getClass();
    if (isObstacle(type)) {
      // Where the call stands is not known any more; its class is the nearest of what the user has written.
      const { range } = (reference ?? instance.prototype).identifierNode;
      const at = range.source.normalizedPath.startsWith("~lib/") ? null : range;
      refuse(
        program,
        at,
        `A nested call passes or gets a value of type ${shownName(argument.toString())}: ${placedReason(type)}.`,
        type.remedy,
      );
      continue;
    }
    if (reference === null) continue;
    const known = nested[reference.id];
    if (typeof known !== "object" || !("nullable" in known)) nested[reference.id] = type;
  }
  return nested;
}
