// How much a task may compute before it looks whether it is to stop. Measurements are in docs/decisions/0003.
//
// Code is charged before it runs. A unit of fuel stands for what takes about 100 ns at the worst that an instruction
// does over and over: a load that misses every cache, each one's address depending on the last. (A turn of a loop of
// nothing else costs 3 units and takes 100 to 300 ns.) The least that a unit is spent on is a turn of an empty loop,
// 0.4 ns. So a budget of 32,768 units lasts from 13 µs to 4 ms. A look costs some 60 ns, 0.5 % where it is most
// frequent; and nothing has to be adapted, so no module can spend on dear code a budget that it earned with cheap code.
//
// What takes longer than its units: the operating system gives memory at its first touch, up to 3 µs for each 4 KiB.
// A task that does nothing else looks every 40 ms, and can do so only until it has touched all of its memory.

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
 * the first ones are few, and each time twice as many follow. What a task
 * may do between two looks is a budget and the latter.
 */
export const firstTurnsUnits = 64;
export const mostTurnsUnits = 8_192;

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

/** A `memory.grow`, even by nothing, takes up to 150 µs: the engine makes another `ArrayBuffer`. */
export const growUnits = 2_048;

/** A wait is done in slices of so many nanoseconds, with a look after each. */
export const waitSliceNs = 1_000_000;
