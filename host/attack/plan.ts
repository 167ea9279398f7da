import type { Attack } from "./attack.ts";

/**
 * Which attacks are run, in which order: round by round, each name once a round in an order of its own, and its
 * variants by turns.
 * @param random gives numbers from 0 to below 1
 */
export function plan(attacks: readonly Attack[], count: number, random: () => number): Attack[] {
  const byName = new Map<string, Attack[]>();
  for (const attack of attacks) byName.set(attack.name, [...(byName.get(attack.name) ?? []), attack]);
  const planned: Attack[] = [];
  for (let round = 0; planned.length < count && byName.size > 0; round++) {
    for (const variants of shuffled([...byName.values()], random)) {
      planned.push(variants[round % variants.length]!);
    }
  }
  return planned.slice(0, count);
}

/** By R. Durstenfeld (1964). */
function shuffled<T>(items: T[], random: () => number): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [items[last], items[other]] = [items[other]!, items[last]!];
  }
  return items;
}
