import { leafPoints, pointsPerUnit } from "./fuel.ts";
import { op } from "./opcodes.ts";

/**
 * What each instruction weighs, in points; see `fuel.ts` for what a point is. Where it is not known what an
 * instruction finds, it weighs as much as it can take.
 */
export const weights = new Uint16Array(0x400).fill(1);

const declare = (points: number, ...ranges: (number | readonly [first: number, last: number])[]) => {
  for (const range of ranges) {
    const [first, last] = typeof range === "number" ? [range, range] : range;
    weights.fill(points, first, last + 1);
  }
};

// Block structure is no machine code.
declare(
  0,
  0x01,
  op.block,
  op.loop,
  op.else,
  op.end,
  op.try,
  op.delegate,
  [op.localGet, op.localTee],
  [0x41, 0x44],
);
// A load or a store may miss every cache.
declare(pointsPerUnit, [0x28, 0x3e], [0x200, 0x20b], [0x254, 0x25d], [0x310, 0x34e]);
// Divisions and square roots take 4 to 13 ns.
declare(8, [0x6d, 0x70], [0x7f, 0x82], 0x91, 0x95, 0x9f, 0xa3, 0x2e3, 0x2e7, 0x2ef, 0x2f3);
// A call may run a function that is not charged for itself.
declare(leafPoints, op.call, op.callIndirect, op.returnCall, op.returnCallIndirect);
// Exceptions are thrown by the engine's run time, which takes microseconds.
declare(64 * pointsPerUnit, op.throw, op.rethrow);
// So are references to functions made, and tables changed.
declare(2 * pointsPerUnit, op.refFunc, op.tableGet, op.tableSet);
declare(
  4 * pointsPerUnit,
  op.memoryInit,
  op.tableInit,
  op.tableCopy,
  op.tableGrow,
  op.tableFill,
  op.dataDrop,
);
declare(4 * pointsPerUnit, op.elemDrop, 0x300, 0x303);

/** A call that leaves the sandbox: the host does something for the module. */
export const hostCallPoints = 128 * pointsPerUnit;
