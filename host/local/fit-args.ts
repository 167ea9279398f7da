import { checkArgBytes } from "../../scheduler/manifest/check-limits.ts";
import type { ValuePlan } from "../../scheduler/protocol/value.ts";
import { numberItemBytes, segmentItemBytes } from "../ring/items.ts";
import { SlotRoom } from "../ring/slot-room.ts";
import { LocalObject } from "./local-object.ts";
import type { LocalArg } from "./local-task.ts";

/** A value that can be written where it is to be. */
export type Plan = Pick<ValuePlan, "byteLength" | "writeInto">;

/** What a task is given: a number, an object, or a value that is still to be written. */
export type GivenArg = number | LocalObject | Plan;

export type FittedArgs = {
  args: readonly LocalArg[];
  /** Those of them that were made objects, which nobody else holds. */
  kept: readonly LocalObject[];
};

/**
 * Arguments as a slot takes them: what has no room there becomes an object, which ends with the task.
 * @param otherBytes what the call's other items take
 * @throws LimitExceededError when they have more than `maxArgumentBytes`
 */
export function fitArgs(
  label: string,
  given: readonly GivenArg[],
  maxArgumentBytes: number,
  keep: (plan: Plan, label: string) => LocalObject,
  otherBytes = 0,
): FittedArgs {
  // What each takes at the least; of an object, what a number takes.
  const room = new SlotRoom();
  room.reserve(otherBytes);
  for (const arg of given) room.reserve(isPlan(arg) ? segmentItemBytes : numberItemBytes);
  const kept: LocalObject[] = [];
  checkArgBytes(label, given.filter(isPlan), maxArgumentBytes);
  const args = given.map((arg): LocalArg => {
    if (!isPlan(arg)) return arg;
    if (room.takes(arg.byteLength)) {
      const encoded = new Uint8Array(arg.byteLength);
      arg.writeInto(encoded, 0);
      return encoded;
    }
    kept.push(keep(arg, `argument of ${label}`));
    return kept.at(-1)!;
  });
  return { args, kept };
}

const isPlan = (arg: GivenArg): arg is Plan => typeof arg !== "number" && !(arg instanceof LocalObject);
