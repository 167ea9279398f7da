import { entryPoints, leafPoints, loopPoints, mergedPoints, pointsPerUnit, trivialPoints } from "./fuel.ts";
import { type Loop, type LoopCharge, settleLoops } from "./turns.ts";

/** What is charged at one place: units of fuel, and a turn if a loop begins there whose turns are counted. */
export type Charge = { at: number; units: number; isTurn: boolean };

export type Settlement = {
  /** For the function when it is entered; 0 when nothing is charged there. */
  entryUnits: number;
  /** Within the function, in the order of the code. */
  charges: Charge[];
  /** Of each loop that `openLoop` was told can have turns, in the order of the code. */
  loops: LoopCharge[];
};

/**
 * Where one function is charged, and with how much.
 *
 * A body falls into stretches that run from their start, if at all. A stretch begins where the function does, at a
 * loop, in each arm of an `if`, at a handler, and behind the `end` of any block, for these are all the places that a
 * branch can lead to. What surely runs before a stretch is the stretch in which its block was opened; a light one is
 * charged there. Stretches are numbered in the order of the code, 0 being that of the function.
 */
export class Charges {
  // The lists are used again for the next function, so `#count` and `#depth` say how much of them counts.
  #count = 0;
  /** Of each stretch, where it begins, in bytes of the binary. */
  readonly #at: number[] = [];
  /** Of each, the one that surely runs before it. */
  readonly #before: number[] = [];
  readonly #points: number[] = [];
  /** Of each, the loop of which it is the body, or −1; and the loop that it follows, or −1. */
  readonly #loopOf: number[] = [];
  readonly #follows: number[] = [];
  /** Open blocks, from the outermost: the stretch in which each was opened, and the loop that it is, or −1. */
  readonly #opened: number[] = [];
  readonly #openedLoop: number[] = [];
  #depth = 0;
  readonly #loops: Loop[] = [];
  #current = 0;
  /** The innermost open loop, or −1. */
  #loop = -1;
  #hasCall = false;

  /** Begins another function, whose code stands at `at`. */
  begin(at: number): void {
    this.#count = this.#depth = this.#loops.length = 0;
    this.#loop = -1;
    this.#hasCall = false;
    this.#begin(at, -1);
  }

  /** The number of the stretch that is being read. */
  get stretch(): number {
    return this.#current;
  }

  /** How many blocks are open. */
  get depth(): number {
    return this.#depth;
  }

  add(points: number): void {
    this.#points[this.#current]! += points;
  }

  addCall(points: number): void {
    this.add(points);
    if (this.#loop >= 0) this.#loops[this.#loop]!.hasCall = true;
    this.#hasCall = true;
  }

  /** A block, in which the stretch goes on. */
  openBlock(): void {
    this.#open(-1);
  }

  /** A loop, whose body begins at `at`. */
  openLoop(at: number, canHaveTurns: boolean): void {
    const [parent, stretch] = [this.#loop, this.#count];
    this.#loop = this.#loops.push({ stretch, parent, canHaveTurns, hasCall: false, branches: new Set() }) - 1;
    this.#open(this.#loop);
    this.#begin(at, this.#current, this.#loop);
    this.add(loopPoints);
  }

  /** An `if`, whose first arm begins at `at`. */
  openArm(at: number): void {
    this.#open(-1);
    this.#begin(at, this.#current);
  }

  /** Another arm or handler of the innermost block. */
  nextArm(at: number): void {
    this.#begin(at, this.#opened[this.#depth - 1]!);
  }

  /** A branch, so many blocks outwards. */
  branch(label: number): void {
    const block = this.#depth - 1 - label;
    const loop = block < 0 ? -1 : this.#openedLoop[block]!;
    if (loop >= 0) this.#loops[loop]!.branches.add(this.#current);
  }

  /** The end of the innermost block, behind which `at` is. */
  close(at: number): void {
    const loop = this.#openedLoop[--this.#depth]!;
    if (loop >= 0) {
      const { parent, hasCall } = this.#loops[loop]!;
      if (hasCall && parent >= 0) this.#loops[parent]!.hasCall = true;
      this.#loop = parent;
    }
    this.#begin(at, this.#opened[this.#depth]!, -1, loop);
  }

  /** Decides what is charged where, once the function has been read. */
  settle(): Settlement {
    const points = this.#points;
    const paying: number[] = [];
    // What may pay for a stretch comes before it, so it is known to the full when its turn comes.
    for (let stretch = this.#count - 1; stretch > 0; stretch--) {
      const own = points[stretch]!;
      const before = this.#before[stretch]!;
      const isLight = own <= trivialPoints || own + points[before]! <= mergedPoints;
      if (this.#loopOf[stretch]! < 0 && isLight) points[before]! += own;
      else paying.push(stretch);
    }
    const {
      charges: loops,
      turnUnits,
      covered,
    } = settleLoops(this.#loops, {
      points,
      before: this.#before,
      follows: this.#follows,
    });
    const charges = paying
      .reverse()
      .filter((stretch) => !covered.has(stretch))
      .map((stretch) => {
        const turn = turnUnits.get(stretch) ?? 0;
        return { at: this.#at[stretch]!, units: toUnits(points[stretch]!) - turn, isTurn: turn > 0 };
      });
    const isLeaf =
      !this.#hasCall && this.#loops.length === 0 && charges.length === 0 && points[0]! <= leafPoints;
    return { entryUnits: isLeaf ? 0 : toUnits(points[0]! + entryPoints), charges, loops };
  }

  #open(loop: number): void {
    this.#opened[this.#depth] = this.#current;
    this.#openedLoop[this.#depth++] = loop;
  }

  #begin(at: number, before: number, loopOf = -1, follows = -1): void {
    const stretch = this.#count++;
    this.#current = stretch;
    this.#at[stretch] = at;
    this.#before[stretch] = before;
    this.#points[stretch] = 0;
    this.#loopOf[stretch] = loopOf;
    this.#follows[stretch] = follows;
  }
}

export const toUnits = (points: number): number => Math.ceil(points / pointsPerUnit);
