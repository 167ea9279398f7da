import { disseminate } from "./barrier.ts";
import { ringAllGather, ringAllReduce, ringReduceScatter } from "./ring.ts";
import type { Extent, Place, Step } from "./step.ts";
import { treeAllReduce, treeBroadcast, treeReduce } from "./tree.ts";

/** What all members of a gang do together, each with an array of as many elements. */
export const collectives = [
  "barrier",
  "broadcast",
  "reduce",
  "allReduce",
  "allGather",
  "reduceScatter",
] as const;
export type Collective = (typeof collectives)[number];

/**
 * Arrays up to this are reduced by a tree, longer ones by a ring. With four members on one machine both take about as long from
 * 32 to 256 KiB; with more, the tree takes fewer turns.
 */
export const mostTreeBytes = 64 * 1024;

/**
 * What a member does for a collective, step by step. It follows from this alone, so that all members agree, and so that the
 * same call reduces in the same order each time.
 * @param extent of the array that all share: for `allGather`, that of the result
 * @param bytes of that array
 */
export function stepsOf(
  collective: Collective,
  place: Place,
  root: number,
  extent: Extent,
  bytes: number,
): Generator<Step> {
  switch (collective) {
    case "barrier":
      return disseminate(place);
    case "broadcast":
      return treeBroadcast(place, root, extent);
    case "reduce":
      return treeReduce(place, root, extent);
    case "allReduce":
      return bytes <= mostTreeBytes ? treeAllReduce(place, extent) : ringAllReduce(place, extent);
    case "allGather":
      return ringAllGather(place, extent);
    case "reduceScatter":
      return ringReduceScatter(place, extent);
  }
}
