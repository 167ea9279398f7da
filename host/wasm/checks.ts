import * as asm from "./assembler.ts";
import type { Charge, Settlement } from "./charges.ts";
import { firstTurnsUnits } from "./fuel.ts";
import { spend } from "./helpers.ts";
import type { Layout } from "./layout.ts";
import type { LoopCharge } from "./turns.ts";

// The code that charges for code, as it is inserted.

/**
 * Local variables of the host's own, two i32 in each function that is charged: how many turns loops may make until
 * they pay again, which is never 0 where a turn begins, and how many they are to pay for then.
 */
export type TurnLocals = { left: number; next: number };

/** Where a function is entered. */
export const enter = (
  { fuel, refill }: Layout,
  { entryUnits }: Settlement,
  { left }: TurnLocals,
): number[] => [
  ...[...asm.globalGet(fuel), ...asm.i32Const(entryUnits), asm.i32Subtract, ...asm.localTee(left)],
  ...[...asm.globalSet(fuel), ...asm.localGet(left), ...asm.i32Const(0), asm.i32LessSigned],
  ...[asm.when, asm.type.none, ...asm.call(refill), asm.end],
];

/** How many labels there are around a loop that were not there before. */
export const addedLabels = 1;

/**
 * What stands for the start and the end of a loop: two loops, of which the outer one pays for turns, and the inner one
 * is the original. After the last turn paid for, the inner one branches to the outer one. A loop that itself contained
 * the call would keep its variables in memory instead of registers, and would not be unrolled: V8 11.3 knows no
 * unlikely branches.
 * @param original the instruction `loop`, which must have no parameters
 */
export function aroundLoop(
  original: ArrayLike<number>,
  charge: LoopCharge,
  { left, next }: TurnLocals,
  layout: Layout,
  tick: number,
): { head: number[]; tail: number[] } {
  const loop = Array.from(original);
  const tail = [asm.end, asm.end];
  const { isCounted, isOutermost, turnUnits } = charge;
  const firstTurns = Math.max(1, Math.floor(firstTurnsUnits / turnUnits));
  const begin = [
    ...[...spend(layout, asm.i32Const(firstTurns * turnUnits)), ...asm.i32Const(firstTurns)],
    ...[...asm.localTee(left), ...asm.localSet(next)],
  ];
  const more = [
    ...[...loop, ...asm.localGet(left), asm.i32EqualZero, asm.when, asm.type.none],
    ...[...asm.localGet(next), ...asm.localTee(left), ...asm.i32Const(turnUnits), ...asm.call(tick)],
    ...[...asm.localSet(next), asm.end],
  ];
  const around = isCounted ? more : [asm.block, ...loop.slice(1)];
  return { head: [...(isOutermost ? begin : []), ...around, ...loop], tail };
}

/** Where a stretch of code begins that is charged by itself. */
export const pay = (layout: Layout, { units, isTurn }: Charge, { left }: TurnLocals): number[] => [
  ...(isTurn ? turn(left) : []),
  ...(units > 0 ? spend(layout, asm.i32Const(units)) : []),
];

/** Leads to the outer loop when it was the last. The condition is the number itself, not that it is 0: V8 then branches on the flags of the subtraction. */
const turn = (left: number): number[] => [
  ...[...asm.localGet(left), ...asm.i32Const(1), asm.i32Subtract, ...asm.localTee(left)],
  ...[asm.when, asm.type.none, asm.otherwise, ...asm.branch(2), asm.end],
];
