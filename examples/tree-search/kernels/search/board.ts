import { Random } from "../../../../kernels/std/gym/random";

export const COLUMNS: i32 = 7;
export const ROWS: i32 = 6;
export const CELLS: i32 = COLUMNS * ROWS;

/** How a game stands for whoever is to move. */
export const GOES_ON: i32 = 0;
export const LOST: i32 = 1;
export const DRAWN: i32 = 2;

/**
 * Connect Four: two drop stones in turn into seven columns of six, and who has four in a row first, in any direction,
 * has won. Stones are bits, of each column seven from the bottom up, of which the last is always 0, so that
 * rows do not go on from column to column:
 *
 *      6 13 20 27 34 41 48
 *      5 12 19 26 33 40 47
 *      …
 *      0  7 14 21 28 35 42
 */
export class Board {
  constructor(
    /** Those of whoever is to move. */
    public own: u64,
    /** Those of both. */
    public all: u64,
  ) {}
}

export function canDrop(all: u64, column: i32): bool {
  return (all & ((<u64>1) << (7 * column + ROWS - 1))) == 0;
}

/** The stones of both after a stone was dropped into a column that is not full. The other one's are `own ^ all` then. */
export function dropped(all: u64, column: i32): u64 {
  return all | (all + ((<u64>1) << (7 * column)));
}

/** How it stands: only the one who has moved last can have won. */
export function standing(own: u64, all: u64): i32 {
  const other = own ^ all;
  if (hasFour(other, 1) || hasFour(other, 7) || hasFour(other, 6) || hasFour(other, 8)) return LOST;
  return popcnt<u64>(all) == CELLS ? DRAWN : GOES_ON;
}

function hasFour(stones: u64, direction: u64): bool {
  const twos = stones & (stones >> direction);
  return (twos & (twos >> (2 * direction))) != 0;
}

/** What a game comes to for whoever is to move, 1, 0 or -1, when both drop at random from now on. */
export function playout(own: u64, all: u64, random: Random): i32 {
  let sign = 1;
  let state = standing(own, all);
  while (state == GOES_ON) {
    const next = dropped(all, randomColumn(all, random));
    own ^= all;
    all = next;
    sign = -sign;
    state = standing(own, all);
  }
  return state == LOST ? -sign : 0;
}

/** A column that is not full. */
export function randomColumn(all: u64, random: Random): i32 {
  let column: i32;
  do column = <i32>(random.next() * COLUMNS);
  while (!canDrop(all, column));
  return column;
}
