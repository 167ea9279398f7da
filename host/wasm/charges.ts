import { entryPoints, leafPoints, loopPoints, mergedPoints, pointsPerUnit, trivialPoints } from "./fuel.ts";

/**
 * Where one function is charged, and with how much.
 *
 * A body falls into stretches that run from their start, if at all. A stretch begins where the function does, at a
 * loop, in each arm of an `if`, at a handler, and behind the `end` of any block, for these are all the places that a
 * branch can lead to. What surely runs before a stretch is the stretch in which its block was opened; a light one is
 * charged there. Stretches are numbered in the order of the code, 0 being that of the function.
 */
export class Charges {
  /** Of each stretch, where it begins, in bytes of the binary. */
  readonly #at: number[] = [];
  /** Of each, the one before it that may be charged for it; a loop has none. */
  readonly #payer: number[] = [];
  readonly #points: number[] = [];
  /** Stretches in which the blocks that are open were opened. */
  readonly #opened: number[] = [];
  #current = 0;
  #hasCall = false;

  /** Begins another function, whose code stands at `at`. */
  begin(at: number): void {
    this.#at.length = this.#payer.length = this.#points.length = this.#opened.length = 0;
    this.#hasCall = false;
    this.#stretch(at, -1);
  }

  add(points: number): void {
    this.#points[this.#current]! += points;
  }

  addCall(points: number): void {
    this.#hasCall = true;
    this.add(points);
  }

  /** A block, in which the stretch goes on. */
  openBlock(): void {
    this.#opened.push(this.#current);
  }

  /** A loop, whose body begins at `at`. */
  openLoop(at: number): void {
    this.#opened.push(this.#current);
    this.#stretch(at, -1);
    this.add(loopPoints);
  }

  /** An `if`, whose first arm begins at `at`. */
  openArm(at: number): void {
    this.#opened.push(this.#current);
    this.#stretch(at, this.#current);
  }

  /** Another arm or handler of the innermost block. */
  nextArm(at: number): void {
    this.#stretch(at, this.#opened.at(-1)!);
  }

  /** The end of the innermost block, behind which `at` is. */
  close(at: number): void {
    this.#stretch(at, this.#opened.pop()!);
  }

  /** How many blocks are open. */
  get depth(): number {
    return this.#opened.length;
  }

  /**
   * Decides what is charged where, once the function has been read.
   * @returns units for the whole function when it is entered, 0 for none; and, in the order of the code, where within
   * it how many units are to be charged
   */
  settle(): { entryUnits: number; charges: Charge[] } {
    const points = this.#points;
    const charges: Charge[] = [];
    // A payer comes before what it pays for, so it is known to the full when its turn comes.
    for (let stretch = points.length - 1; stretch > 0; stretch--) {
      const own = points[stretch]!;
      const payer = this.#payer[stretch]!;
      if (payer >= 0 && (own <= trivialPoints || own + points[payer]! <= mergedPoints)) points[payer]! += own;
      else charges.push({ at: this.#at[stretch]!, units: toUnits(own) });
    }
    charges.reverse();
    const isLeaf = !this.#hasCall && charges.length === 0 && points[0]! <= leafPoints;
    return { entryUnits: isLeaf ? 0 : toUnits(points[0]! + entryPoints), charges };
  }

  #stretch(at: number, payer: number): void {
    this.#current = this.#at.push(at) - 1;
    this.#payer.push(payer);
    this.#points.push(0);
  }
}

export type Charge = { at: number; units: number };

const toUnits = (points: number): number => Math.ceil(points / pointsPerUnit);
