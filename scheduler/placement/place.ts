/** A host that may get a task, and the tasks it is known to have. */
export type Candidate = { id: string; cpus: number; load: number };

/**
 * Picks a host by the power of two choices: of two random hosts, the one with less load for each cpu. It spreads
 * tasks nearly as well as looking at all of them, and many clients that know the same don't all choose the same.
 * Source: M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 1996.
 * @param random gives numbers from 0 to below 1
 */
export function place(candidates: readonly Candidate[], random: () => number): string | undefined {
  if (candidates.length === 0) return undefined;
  const first = Math.floor(random() * candidates.length);
  // One of the others, each alike.
  const offset = 1 + Math.floor(random() * (candidates.length - 1));
  const one = candidates[first]!;
  const other = candidates[(first + offset) % candidates.length]!;
  return other.load / other.cpus < one.load / one.cpus ? other.id : one.id;
}
