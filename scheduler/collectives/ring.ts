import { chunksOf, type Extent, type Part, type Place, partOf, type Step } from "./step.ts";

// Each member talks to the two beside it: it sends to the next what it has got from the one before. So all send and
// take at once, and each element leaves a member about twice, however many there are: right for arrays so long that
// their bytes are what costs. Source: P. Patarasuk and X. Yuan, "Bandwidth Optimal All-reduce Algorithms for Clusters
// of Workstations", 2009.

/**
 * Reduces the arrays of all members so that each ends with its own part of the result; the rest of its array is then of
 * no use. A part is reduced in the order of the ranks, from that after its member's own, round to that.
 */
export function* ringReduceScatter(place: Place, { length, chunk }: Extent): Generator<Step> {
  const { rank, size } = place;
  const part = (index: number) => partOf(length, size, (index + size) % size);
  for (let round = 1; round < size; round++)
    yield* exchange(place, part(rank - round), part(rank - round - 1), true, chunk);
}

/** Has each member, which has its own part, get those of all others. */
export function* ringAllGather(place: Place, { length, chunk }: Extent): Generator<Step> {
  const { rank, size } = place;
  const part = (index: number) => partOf(length, size, (index + size) % size);
  for (let round = 0; round < size - 1; round++)
    yield* exchange(place, part(rank - round), part(rank - round - 1), false, chunk);
}

/** Reduces the arrays of all members, and gives all the result. */
export function* ringAllReduce(place: Place, extent: Extent): Generator<Step> {
  yield* ringReduceScatter(place, extent);
  yield* ringAllGather(place, extent);
}

/** Sends one part on and takes another, chunk by chunk: so no more than one is ever on its way and not awaited. */
function* exchange(
  { rank, size }: Place,
  sent: Part,
  taken: Part,
  reduces: boolean,
  chunk: number,
): Generator<Step> {
  const to = (rank + 1) % size;
  const from = (rank + size - 1) % size;
  const outgoing = chunksOf(sent, chunk);
  const incoming = chunksOf(taken, chunk);
  while (true) {
    const [next, coming] = [outgoing.next(), incoming.next()];
    if (!next.done) yield { kind: "send", to, ...next.value };
    if (!coming.done) yield { kind: "receive", from, reduces, ...coming.value };
    if (next.done && coming.done) return;
  }
}
