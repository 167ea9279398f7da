import { valueTypes } from "../../scheduler/wasm/module.ts";
import * as asm from "./assembler.ts";
import { bytesPerUnitShift, chunkBytes, growUnits, mostTurnsUnits, waitSliceNs } from "./fuel.ts";

// Functions that the host appends to a module. Nothing of the module's own can name them: each index that its code
// has was below the number of its own functions.

/** Types of functions that are appended to the module's own. */
export const helperTypes = {
  /** () → i32 */
  check: [[], [valueTypes.i32]],
  /** () → () */
  nothing: [[], []],
  /** (i32, i32) → i32 */
  twoNumbers: [[valueTypes.i32, valueTypes.i32], [valueTypes.i32]],
  /** (i32) → i32 */
  number: [[valueTypes.i32], [valueTypes.i32]],
  /** (i32, i32, i32) → () */
  bulk: [[valueTypes.i32, valueTypes.i32, valueTypes.i32], []],
  /** (address i32, expected i32, timeout i64) → i32 */
  wait32: [[valueTypes.i32, valueTypes.i32, valueTypes.i64], [valueTypes.i32]],
  /** (address i32, expected i64, timeout i64) → i32 */
  wait64: [[valueTypes.i32, valueTypes.i64, valueTypes.i64], [valueTypes.i32]],
} as const satisfies Record<string, readonly [readonly number[], readonly number[]]>;

export type HelperType = keyof typeof helperTypes;

/** Indices that the code of helpers refers to. */
export type HelperIndices = { check: number; refill: number; fuel: number; outOfMemory: number };

/** Takes what is on the stack from the fuel: `amount` is code that leaves it there. */
export const spend = ({ fuel, refill }: HelperIndices, amount: readonly number[]): number[] => [
  ...[...asm.globalGet(fuel), ...amount, asm.i32Subtract, ...asm.globalSet(fuel)],
  ...[...asm.globalGet(fuel), ...asm.i32Const(0), asm.i32LessSigned],
  ...[asm.when, asm.type.none, ...asm.call(refill), asm.end],
];

/**
 * Asks the host for fuel; no more than 0 says that the task is to stop. It stops by a trap, which no `catch_all`
 * catches. A module that has handlers could catch what the host throws, and what the engine throws when so little
 * stack is left that the host can't be called: there, that becomes a trap, too.
 */
export function refill({ check, fuel }: HelperIndices, hasHandlers: boolean): number[] {
  const ask = asm.call(check);
  const guarded = hasHandlers
    ? [asm.attempt, asm.type.i32, ...ask, asm.catchAll, asm.unreachable, asm.end]
    : ask;
  const isOver = [...asm.globalGet(fuel), ...asm.i32Const(0), asm.i32LessEqualSigned];
  return asm.body(
    [],
    guarded,
    asm.globalSet(fuel),
    isOver,
    asm.when,
    asm.type.none,
    asm.unreachable,
    asm.end,
  );
}

/**
 * Nothing, by a call. For modules without checks: code that V8 has not optimised yet (as of 11.3) looks whether its
 * thread is to end where functions begin, and in loops only now and then, by how much code has run. A loop of
 * `memory.fill` is little code, and ran for more than a minute after the thread was told to end.
 */
export const pause = (): number[] => asm.body([]);

/** (turns, what one weighs) → how many turns to pay for next time: twice as many, up to what may be paid at once. */
export function tick(indices: HelperIndices): number[] {
  const [turns, turnUnits] = [0, 1];
  const price = [...asm.localGet(turns), ...asm.localGet(turnUnits), asm.i32Multiply];
  return asm.body(
    [],
    spend(indices, price),
    [...asm.localGet(turns), ...price, ...asm.i32Const(mostTurnsUnits / 2)],
    [asm.i32LessEqualUnsigned, asm.i32ShiftLeft],
  );
}

/** (how many items an operation is about to touch) → the same. A half of it fits what fuel can go below 0. */
export function charge(indices: HelperIndices): number[] {
  const half = [...asm.localGet(0), ...asm.i32Const(1), asm.i32ShiftRightUnsigned];
  return asm.body([], spend(indices, half), asm.localGet(0));
}

/** `memory.grow` that leaves a note when there is no more memory. */
export function grow(indices: HelperIndices, isCharged: boolean): number[] {
  return asm.body(
    [],
    isCharged ? spend(indices, asm.i32Const(growUnits)) : [],
    [...asm.localGet(0), ...asm.memoryGrow, ...asm.localTee(0), ...asm.i32Const(-1), asm.i32Equal],
    [asm.when, asm.type.none, ...asm.i32Const(1), ...asm.globalSet(indices.outOfMemory), asm.end],
    asm.localGet(0),
  );
}

const [first, second, byteCount] = [0, 1, 2];
const chunk = asm.i32Const(chunkBytes);

/** Whether the part of memory from `local` on, `byteCount` long, ends behind the memory's end. */
const isOutside = (local: number): number[] => [
  ...[...asm.localGet(local), asm.i64ExtendUnsigned, ...asm.localGet(byteCount), asm.i64ExtendUnsigned],
  ...[asm.i64Add, ...asm.memorySize, asm.i64ExtendUnsigned, ...asm.i64Const(16), asm.i64ShiftLeft],
  asm.i64GreaterUnsigned,
];

/** Charges for a chunk, or for what is left when that is less, and leaves on the stack whether more than one is left. */
const spendChunk = (indices: HelperIndices): number[] => {
  const isMore = [...asm.localGet(byteCount), ...chunk, asm.i32GreaterUnsigned];
  const least = [...chunk, ...asm.localGet(byteCount), ...isMore, asm.select];
  const amount = [...least, ...asm.i32Const(bytesPerUnitShift), asm.i32ShiftRightUnsigned];
  return [...spend(indices, [...amount, ...asm.i32Const(1), asm.i32Add]), ...isMore];
};

const add = (local: number, difference: readonly number[]): number[] => [
  ...[...asm.localGet(local), ...difference, asm.i32Add, ...asm.localSet(local)],
];
const allThree = [...asm.localGet(first), ...asm.localGet(second), ...asm.localGet(byteCount)];
const lessOneChunk = add(byteCount, asm.i32Const(-chunkBytes));

/** Runs `once`, which is for one chunk and goes on to the next, as long as more than one is left. */
const byChunks = (indices: HelperIndices, once: readonly number[]): number[] => [
  ...[asm.loop, asm.type.none, ...spendChunk(indices), asm.when, asm.type.none],
  ...[...once, ...lessOneChunk, ...asm.branch(1), asm.end, asm.end],
];

/**
 * (address, value, byteCount): `memory.fill` in pieces. What does not fit as a whole must trap before anything is
 * written, so it is left to the instruction itself.
 */
export function fill(indices: HelperIndices): number[] {
  const once = [...asm.localGet(first), ...asm.localGet(second), ...chunk, ...asm.memoryFill];
  return asm.body(
    [],
    [...isOutside(first), asm.when, asm.type.none, ...allThree, ...asm.memoryFill, asm.end],
    byChunks(indices, [...once, ...add(first, chunk)]),
    allThree,
    asm.memoryFill,
  );
}

/** (to, from, byteCount): `memory.copy` in pieces, from that end on where none overwrites what is still to be read. */
export function copy(indices: HelperIndices): number[] {
  const [to, from] = [first, second];
  const forwards = [...asm.localGet(to), ...asm.localGet(from), ...chunk, ...asm.memoryCopy];
  const lastChunk = (local: number) => [
    ...[...asm.localGet(local), ...asm.localGet(byteCount), asm.i32Add, ...chunk, asm.i32Subtract],
  ];
  const backwards = [...lastChunk(to), ...lastChunk(from), ...chunk, ...asm.memoryCopy];
  const isEither = [...isOutside(to), asm.when, asm.type.i32, ...asm.i32Const(1), asm.otherwise];
  return asm.body(
    [],
    [
      ...isEither,
      ...isOutside(from),
      asm.end,
      asm.when,
      asm.type.none,
      ...allThree,
      ...asm.memoryCopy,
      asm.end,
    ],
    [...asm.localGet(to), ...asm.localGet(from), asm.i32LessEqualUnsigned, asm.when, asm.type.none],
    byChunks(indices, [...forwards, ...add(to, chunk), ...add(from, chunk)]),
    asm.otherwise,
    byChunks(indices, backwards),
    asm.end,
    allThree,
    asm.memoryCopy,
  );
}

/**
 * (address, expected, timeout in ns, below 0 for none) → 0 woken, 1 not equal, 2 timed out: `memory.atomic.wait` in
 * slices, between which the host is asked. A wake-up between two slices is not lost: a waker changes the value first.
 * @param instruction the opcode with its immediates
 */
export function wait(indices: HelperIndices, instruction: readonly number[]): number[] {
  const [address, expected, timeout, result] = [0, 1, 2, 3];
  const slice = asm.i64Const(waitSliceNs);
  const isLong = [
    ...[...asm.localGet(timeout), ...slice, asm.i64GreaterUnsigned, asm.when, asm.type.i64],
    ...[...slice, asm.otherwise, ...asm.localGet(timeout), asm.end],
  ];
  return asm.body(
    [asm.type.i32],
    [asm.loop, asm.type.none],
    [...asm.localGet(address), ...asm.localGet(expected), ...isLong, ...instruction, ...asm.localTee(result)],
    [
      ...asm.i32Const(2),
      asm.i32NotEqual,
      asm.when,
      asm.type.none,
      ...asm.localGet(result),
      asm.leave,
      asm.end,
    ],
    asm.call(indices.refill),
    // Time that is left is counted down; no limit stays none.
    [...asm.localGet(timeout), ...asm.i64Const(0), asm.i64LessSigned, ...asm.branchIf(0)],
    [...asm.localGet(timeout), ...slice, asm.i64Subtract, ...asm.localSet(timeout)],
    [...asm.i64Const(0), ...asm.localGet(timeout), asm.i64LessSigned, ...asm.branchIf(0)],
    asm.end,
    asm.localGet(result),
  );
}
