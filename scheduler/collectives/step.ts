/**
 * What one member of a gang does next: it sends a part of an array to another, or takes one from it, which it puts into
 * the place of its own, or reduces with that. Between two members, what one sends the other takes in the same order.
 */
export type Step =
  | ({ kind: "send"; to: number } & Part)
  | ({ kind: "receive"; from: number; reduces: boolean } & Part);

/** So many elements of an array from this one on. */
export type Part = { start: number; count: number };

/** A member by its rank, from 0, among so many. */
export type Place = { rank: number; size: number };

/** An array of so many elements, of which at most so many travel at once. */
export type Extent = { length: number; chunk: number };

/** The part that each member has of an array that all share: the first ones have one element more if need be. */
export function partOf(length: number, size: number, rank: number): Part {
  const least = Math.floor(length / size);
  const larger = length % size;
  return { start: rank * least + Math.min(rank, larger), count: least + (rank < larger ? 1 : 0) };
}

/** A part in pieces of at most `chunk`. */
export function* chunksOf({ start, count }: Part, chunk: number): Generator<Part> {
  for (let done = 0; done < count; done += chunk)
    yield { start: start + done, count: Math.min(chunk, count - done) };
}
