import { chunksOf, type Extent, type Place, type Step } from "./step.ts";

// Members are the nodes of a binomial tree: one whose number, counted from the root, has its lowest bit at 2^k hangs below
// the one without that bit. A message takes log2 of their number in turns: right for arrays so short that turns are what
// costs.

/**
 * Reduces the arrays of all members into that of the root. Those of others end as sums of some of them. Each reduces its
 * own with those below it, the nearest first.
 */
export function* treeReduce(place: Place, root: number, { length, chunk }: Extent): Generator<Step> {
  const { parent, children } = kinOf(place, root);
  for (const part of chunksOf({ start: 0, count: length }, chunk)) {
    for (const from of children) yield { kind: "receive", from, reduces: true, ...part };
    if (parent !== undefined) yield { kind: "send", to: parent, ...part };
  }
}

/** Gives the array of the root to all. */
export function* treeBroadcast(place: Place, root: number, { length, chunk }: Extent): Generator<Step> {
  const { parent, children } = kinOf(place, root);
  for (const part of chunksOf({ start: 0, count: length }, chunk)) {
    if (parent !== undefined) yield { kind: "receive", from: parent, reduces: false, ...part };
    // Who has most below it comes first.
    for (const to of children.toReversed()) yield { kind: "send", to, ...part };
  }
}

/** Reduces the arrays of all members, and gives all the result. */
export function* treeAllReduce(place: Place, extent: Extent): Generator<Step> {
  yield* treeReduce(place, 0, extent);
  yield* treeBroadcast(place, 0, extent);
}

/** Above and below a member, by rank; those below it from the one with fewest below it. */
function kinOf({ rank, size }: Place, root: number): { parent: number | undefined; children: number[] } {
  const number = (rank - root + size) % size;
  const rankOf = (number: number) => (number + root) % size;
  const children: number[] = [];
  for (let bit = 1; bit < size; bit *= 2) {
    if (number & bit) return { parent: rankOf(number - bit), children };
    if (number + bit < size) children.push(rankOf(number + bit));
  }
  return { parent: undefined, children };
}
