// How much a task may compute before it looks whether it is to stop.
//
// Code is charged before it runs. A unit of fuel stands for what takes at most about 100 ns, the worst that a single
// instruction does over and over: a load that misses every cache, each one's address depending on the last. The least
// that a unit is spent on is one turn of an empty loop, about 0.5 ns. So a budget of 32,768 units lasts from 16 µs to
// 3.3 ms. A look costs about 50 ns (`checks.bench` in docs/decisions/0003), thus 0.3 % where it is most frequent, and
// nothing has to be adapted: a module can't spend a budget that it earned with cheap code on dear code.

/** The units that a task has at its start, and after each look. */
export const fuelBudget = 32_768;

/** Weights are summed up in points, since most instructions are worth a small part of a unit. */
export const pointsPerUnit = 32;

/**
 * A function keeps credit of its own in a local variable, which costs a loop one register instead of a load and a
 * store, and gets it from the global in such portions. What is left when it returns is lost, so it begins with a
 * small one, that most calls do not use up.
 */
export const firstCredit = 32;
export const nextCredit = 1_024;

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
