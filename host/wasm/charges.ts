import {
  entryPoints,
  leafPoints,
  loopPoints,
  mergedPoints,
  mostTurnUnits,
  pointsPerUnit,
  trivialPoints,
} from "./fuel.ts";

/** What is charged at one place: units of fuel, and a turn if a loop begins there whose turns are counted. */
export type Charge = { at: number; units: number; isTurn: boolean };

/** How a loop is charged for its turns. */
export type LoopCharge =
  /** By units of fuel alone. */
  | { kind: "plain" }
  /** By its turns; it is within another such loop. */
  | { kind: "inner"; turnUnits: number }
  /** The outermost such loop, which begins with turns of its own. */
  | { kind: "outermost"; turnUnits: number };

export type Settlement = {
  /** For the function when it is entered; 0 when nothing is charged there. */
  entryUnits: number;
  /** Within the function, in the order of the code. */
  charges: Charge[];
  /** Of each loop that `openLoop` was told could have turns, in the order of the code. */
  loops: LoopCharge[];
};

/**
 * Where one function is charged, and with how much.
 *
 * A body falls into stretches that run from their start, if at all. A stretch begins where the function does, at a
 * loop, in each arm of an `if`, at a handler, and behind the `end` of any block, for these are all the places that a
 * branch can lead to. What surely runs before a stretch is the stretch in which its block was opened; a light one is
 * charged there. Stretches are numbered in the order of the code, 0 being that of the function.
 *
 * The turns of a loop that calls nothing are counted, and paid many at a time. One that calls something pays as it
 * goes: what a function has paid ahead could otherwise be spent after its return from a deep recursion, by thousands
 * of functions one after the other, without a look at whether to stop.
 */
export class Charges {
  /** Of each stretch, where it begins, in bytes of the binary. */
  readonly #at: number[] = [];
  /** Of each, the one before it that may be charged for it; a loop has none. */
  readonly #payer: number[] = [];
  readonly #points: number[] = [];
  /** Open blocks, from the outermost: the stretch in which each was opened, and the loop that it is, or −1. */
  readonly #opened: number[] = [];
  readonly #openedLoop: number[] = [];
  readonly #loops: Loop[] = [];
  #current = 0;
  /** The innermost open loop, or −1. */
  #loop = -1;
  #hasCall = false;

  /** Begins another function, whose code stands at `at`. */
  begin(at: number): void {
    for (const list of [this.#at, this.#payer, this.#points, this.#opened, this.#openedLoop]) list.length = 0;
    this.#loops.length = 0;
    this.#loop = -1;
    this.#hasCall = false;
    this.#stretch(at, -1);
  }

  /** The number of the stretch that is being read. */
  get stretch(): number {
    return this.#current;
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
    const parent = this.#loop;
    this.#loop = this.#loops.push({ stretch: this.#at.length, parent, canHaveTurns, hasCall: false }) - 1;
    this.#open(this.#loop);
    this.#stretch(at, -1);
    this.add(loopPoints);
  }

  /** An `if`, whose first arm begins at `at`. */
  openArm(at: number): void {
    this.#open(-1);
    this.#stretch(at, this.#current);
  }

  /** Another arm or handler of the innermost block. */
  nextArm(at: number): void {
    this.#stretch(at, this.#opened.at(-1)!);
  }

  /** The end of the innermost block, behind which `at` is. */
  close(at: number): void {
    if (this.#openedLoop.pop()! >= 0) {
      const { parent, hasCall } = this.#loops[this.#loop]!;
      if (hasCall && parent >= 0) this.#loops[parent]!.hasCall = true;
      this.#loop = parent;
    }
    this.#stretch(at, this.#opened.pop()!);
  }

  /** How many blocks are open. */
  get depth(): number {
    return this.#opened.length;
  }

  /** Decides what is charged where, once the function has been read. */
  settle(): Settlement {
    const points = this.#points;
    const paying: number[] = [];
    // A payer comes before what it pays for, so it is known to the full when its turn comes.
    for (let stretch = points.length - 1; stretch > 0; stretch--) {
      const own = points[stretch]!;
      const payer = this.#payer[stretch]!;
      const isMerged = payer >= 0 && (own <= trivialPoints || own + points[payer]! <= mergedPoints);
      if (isMerged) points[payer]! += own;
      else paying.push(stretch);
    }
    const turnUnits = new Map<number, number>();
    const loops = this.#settleLoops(turnUnits);
    const charges = paying.reverse().map((stretch) => {
      const turn = turnUnits.get(stretch) ?? 0;
      return { at: this.#at[stretch]!, units: toUnits(points[stretch]!) - turn, isTurn: turn > 0 };
    });
    const isLeaf = !this.#hasCall && charges.length === 0 && points[0]! <= leafPoints;
    return { entryUnits: isLeaf ? 0 : toUnits(points[0]! + entryPoints), charges, loops };
  }

  /** @param turnUnits gets, by the stretch of a loop whose turns are counted, what one of them pays for */
  #settleLoops(turnUnits: Map<number, number>): LoopCharge[] {
    const outermost = new Map<number, { turnUnits: number }>();
    const settled = this.#loops.map(({ stretch, parent, canHaveTurns, hasCall }, index): LoopCharge => {
      if (!canHaveTurns || hasCall) return { kind: "plain" };
      const units = Math.min(toUnits(this.#points[stretch]!), mostTurnUnits);
      turnUnits.set(stretch, units);
      const around = outermost.get(parent);
      if (around === undefined) {
        const charge = { kind: "outermost" as const, turnUnits: units };
        outermost.set(index, charge);
        return charge;
      }
      // The turns are counted together, so each is paid like the heaviest.
      around.turnUnits = Math.max(around.turnUnits, units);
      outermost.set(index, around);
      return { kind: "inner", turnUnits: 0 };
    });
    for (const [index, charge] of settled.entries()) {
      if (charge.kind === "inner") charge.turnUnits = outermost.get(index)!.turnUnits;
    }
    return settled.filter((_, index) => this.#loops[index]!.canHaveTurns);
  }

  #open(loop: number): void {
    this.#opened.push(this.#current);
    this.#openedLoop.push(loop);
  }

  #stretch(at: number, payer: number): void {
    this.#current = this.#at.push(at) - 1;
    this.#payer.push(payer);
    this.#points.push(0);
  }
}

type Loop = {
  stretch: number;
  /** The loop around it, or −1. */
  parent: number;
  canHaveTurns: boolean;
  /** Whether it calls anything, itself or in a loop within. */
  hasCall: boolean;
};

const toUnits = (points: number): number => Math.ceil(points / pointsPerUnit);
