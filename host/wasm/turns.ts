import { mostTurnUnits, pointsPerUnit } from "./fuel.ts";

/** A loop, as it was read. */
export type Loop = {
  /** The stretch that is its body. */
  stretch: number;
  /** The loop around it, or −1. */
  parent: number;
  canHaveTurns: boolean;
  /** Whether it calls anything, itself or in a loop within. */
  hasCall: boolean;
  /** The stretches from which a branch leads back to its start. */
  branches: Set<number>;
};

/** How a loop is charged for its turns. */
export type LoopCharge = {
  /** Whether its turns are counted. Otherwise it is charged by units of fuel, or the loops within pay for it. */
  isCounted: boolean;
  /** Whether it is the outermost of a nest that begins with turns paid for. */
  isOutermost: boolean;
  /** What is paid for a turn in its nest. */
  turnUnits: number;
};

/** What is known of stretches, by their number; see `Charges`. */
export type Stretches = {
  points: number[];
  /** The stretch that surely runs before. */
  before: readonly number[];
  /** The loop at whose end a stretch begins, or −1. */
  follows: readonly number[];
};

export type SettledLoops = {
  /** Of each loop that can have turns. */
  charges: LoopCharge[];
  /** By the stretch of a loop whose turns are counted, what a turn pays of it. */
  turnUnits: Map<number, number>;
  /** Stretches of loops that others pay for. */
  covered: Set<number>;
};

/**
 * The turns of loops that call nothing are counted, those of a nest of such loops together, and paid many at a time. A
 * loop that calls something pays as it goes: what a function has paid ahead could otherwise be spent after its return
 * from a deep recursion, by thousands of functions one after the other, without a look at whether to stop.
 *
 * A loop that can't come round without a turn of a loop within is not counted itself. Its weight is added to that
 * loop, and to what runs before it.
 */
export function settleLoops(loops: readonly Loop[], stretches: Stretches): SettledLoops {
  const isFree = loops.map(({ canHaveTurns, hasCall }) => canHaveTurns && !hasCall);
  const isCounted = [...isFree];
  const covered = new Set<number>();
  // From the inner ones out: only what is counted itself can count for others.
  for (let index = loops.length - 1; index >= 0; index--) {
    if (!isCounted[index]) continue;
    const carriers = carriersOf(loops, index, isCounted, stretches);
    if (carriers === undefined) continue;
    const { stretch } = loops[index]!;
    const own = stretches.points[stretch]!;
    for (const carrier of carriers) stretches.points[loops[carrier]!.stretch]! += own;
    stretches.points[stretches.before[stretch]!]! += own;
    isCounted[index] = false;
    covered.add(stretch);
  }

  const turnUnits = new Map<number, number>();
  /** Of each loop that calls nothing, the outermost one of its nest. */
  const nest: number[] = [];
  const heaviest: number[] = [];
  for (const [index, { stretch, parent }] of loops.entries()) {
    nest[index] = isFree[index] ? ((nest[parent] ?? -1) >= 0 ? nest[parent]! : index) : -1;
    if (!isCounted[index]) continue;
    const units = Math.min(Math.ceil(stretches.points[stretch]! / pointsPerUnit), mostTurnUnits);
    turnUnits.set(stretch, units);
    heaviest[nest[index]!] = Math.max(heaviest[nest[index]!] ?? 0, units);
  }
  const charges = loops.map((_, index) => {
    const units = heaviest[nest[index]!] ?? 0;
    return {
      isCounted: isCounted[index]!,
      isOutermost: nest[index] === index && units > 0,
      turnUnits: units,
    };
  });
  return { charges: charges.filter((_, index) => loops[index]!.canHaveTurns), turnUnits, covered };
}

/** How far a loop is looked through for those that pay for it: a module must not make its host search for long. */
const mostSteps = 200;

/**
 * The loops within a loop of which one surely makes a turn before it comes round, if there are such for every way
 * round: a branch back that runs only after the end of such a loop.
 */
function carriersOf(
  loops: readonly Loop[],
  index: number,
  isCounted: readonly boolean[],
  { before, follows, points }: Stretches,
): Set<number> | undefined {
  const { stretch, branches } = loops[index]!;
  const carriers = new Set<number>();
  let stepsLeft = mostSteps;
  for (const branch of branches) {
    let at = branch;
    while (at > stretch && !(follows[at]! >= 0 && isCounted[follows[at]!])) {
      if (--stepsLeft < 0) return;
      at = before[at]!;
    }
    if (at <= stretch || --stepsLeft < 0) return;
    const carrier = follows[at]!;
    // Together they must not weigh more than a turn pays for.
    if (points[loops[carrier]!.stretch]! + points[stretch]! > mostTurnUnits * pointsPerUnit) return;
    carriers.add(carrier);
  }
  return carriers;
}
