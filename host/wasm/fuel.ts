// How much a task may compute before it looks whether it is to stop.
//
// Code is charged before it runs. A unit of fuel stands for what takes at most about 100 ns, the worst that a single
// instruction does over and over: a load that misses every cache, each one's address depending on the last. The least
// that a unit is spent on is one turn of an empty loop, about 0.5 ns. So a budget of 32,768 units lasts from 16 µs to
// 4.9 ms. A look costs about 50 ns (`checks.bench` in docs/decisions/0003), thus 0.3 % where it is most frequent, and
// nothing has to be adapted: a module can't spend a budget that it earned with cheap code on dear code.

/** The units that a task has at its start, and after each look. */
export const fuelBudget = 32_768;

/** Weights are summed up in points, since most instructions are worth a small part of a unit. */
export const pointsPerUnit = 32;

/**
 * A loop that calls nothing does not touch the fuel in each turn: that would be a load and a store, one waiting for the
 * other. It counts down, in a local variable, the turns that it has paid for together with the loops within it, each
 * as if it were the heaviest. Counting down by one to exactly 0 is one instruction and a branch in x64 and arm64; V8
 * emits it for no other condition. What weighs more than a turn may is taken from the fuel besides.
 */
export const mostTurnUnits = 64;

/**
 * What is paid for turns when a loop begins, and at most when those are used up. What is left when it ends is lost, so
 * the first ones are few, and each time twice as many follow. A budget lasts longer by the latter.
 */
export const firstTurnsUnits = 64;
export const mostTurnsUnits = 16_384;

/** Whatever a function weighs, its call and its return are work, too. */
export const entryPoints = 1 * pointsPerUnit;

/**
 * A function that calls nothing, has no loop and weighs at most this is not charged: its callers are, since a call
 * weighs as much.
 */
export const leafPoints = 4 * pointsPerUnit;

/** What a loop weighs whatever it does, so that an empty one ends, too. */
export const loopPoints = 1 * pointsPerUnit;

/**
 * Code behind a branch, such as the arm of an `if`, is charged with what surely runs before it, unless that makes
 * this heavier than `mergedPoints`: a loop around a large `switch` must not be charged for every arm in each turn.
 * What weighs next to nothing is never worth a check of its own.
 */
export const mergedPoints = 24 * pointsPerUnit;
export const trivialPoints = 6;

/** Bulk operations are done in pieces of so many bytes, each charged one unit for so many (by a shift). */
export const chunkBytes = 1024 * 1024;
export const bytesPerUnitShift = 8;

/** A `memory.grow` is a call of the operating system. */
export const growUnits = 256;

/** A wait is done in slices of so many nanoseconds, with a look after each. */
export const waitSliceNs = 1_000_000;
