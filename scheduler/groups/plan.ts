import { type Labels, type Selector, unmet } from "../placement/labels.ts";
import { missing } from "../placement/resources.ts";
import type { Resources } from "../protocol/messages.ts";

/**
 * How the bundles of a group are put on hosts: on few, on many, or else not at all on one alone, on as many as there are
 * bundles.
 */
export const strategies = ["PACK", "SPREAD", "STRICT_PACK", "STRICT_SPREAD"] as const;
export type Strategy = (typeof strategies)[number];

/** A host with what of it no group has reserved. Of two that are alike, the first is taken. */
export type Site = { id: string; free: Resources; labels: Labels };

export type Plan = {
  strategy: Strategy;
  /** What each bundle takes. */
  needs: readonly Resources[];
  /** Labels that each host must have. */
  labels?: Selector | undefined;
  /** The hosts of bundles of the group that have their place already. */
  used: readonly string[];
};

/**
 * A host for each bundle, or undefined when these hosts have no room for all. Packing is by first fit of the largest
 * first, so that it may miss a tight fit; with STRICT_PACK and STRICT_SPREAD there is none when it finds none.
 */
export function planBundles(
  { strategy, needs, labels, used }: Plan,
  sites: readonly Site[],
): string[] | undefined {
  const rooms = sites
    .filter((site) => labels === undefined || unmet(labels, site.labels).length === 0)
    .map((site) => new Room(site, used.filter((id) => id === site.id).length));
  switch (strategy) {
    case "STRICT_PACK":
      return onOne(needs, rooms, used);
    case "PACK":
      return onOne(needs, rooms, used) ?? onFew(needs, rooms);
    case "SPREAD":
      return onMany(needs, rooms);
    case "STRICT_SPREAD":
      return onEach(needs, rooms);
  }
}

/** What is left of a host while it is planned. */
class Room {
  readonly id: string;
  readonly site: Site;
  /** How many bundles of the group it has. */
  bundleCount: number;
  free: Resources;

  constructor(site: Site, bundleCount: number) {
    this.id = site.id;
    this.site = site;
    this.bundleCount = bundleCount;
    this.free = site.free;
  }

  fits(need: Resources): boolean {
    return missing(need, this.free).length === 0;
  }

  take(need: Resources): void {
    this.free = minus(this.free, need);
    this.bundleCount++;
  }
}

function onOne(needs: readonly Resources[], rooms: Room[], used: readonly string[]): string[] | undefined {
  const all = needs.reduce(plus, {});
  // The tightest fit leaves the others whole.
  const [room] = rooms
    .filter((room) => room.fits(all) && (used.length === 0 || used.includes(room.id)))
    .sort((one, other) => sizeOf(one.free) - sizeOf(other.free));
  return room && needs.map(() => room.id);
}

function onFew(needs: readonly Resources[], rooms: Room[]): string[] | undefined {
  // Those that are in use first; of the others, the largest.
  rooms.sort((one, other) => other.bundleCount - one.bundleCount || sizeOf(other.free) - sizeOf(one.free));
  return oneByOne(needs, (need) => rooms.find((room) => room.fits(need)));
}

function onMany(needs: readonly Resources[], rooms: Room[]): string[] | undefined {
  return oneByOne(needs, (need) =>
    rooms
      .filter((room) => room.fits(need))
      .sort((one, other) => one.bundleCount - other.bundleCount || sizeOf(other.free) - sizeOf(one.free))
      .at(0),
  );
}

/** The largest first, for these have fewest places. */
function oneByOne(
  needs: readonly Resources[],
  roomFor: (need: Resources) => Room | undefined,
): string[] | undefined {
  const hosts = new Array<string>(needs.length);
  const order = [...needs.keys()].sort((one, other) => sizeOf(needs[other]!) - sizeOf(needs[one]!));
  for (const index of order) {
    const room = roomFor(needs[index]!);
    if (room === undefined) return undefined;
    room.take(needs[index]!);
    hosts[index] = room.id;
  }
  return hosts;
}

/**
 * Each on a host of its own. Source: H. W. Kuhn, "The Hungarian Method for the Assignment Problem", 1955, without
 * weights: who finds all places taken asks the holders to move.
 */
function onEach(needs: readonly Resources[], rooms: Room[]): string[] | undefined {
  const holders = new Map<Room, number>();
  const unused = rooms.filter(({ bundleCount }) => bundleCount === 0);
  const place = (index: number, asked: Set<Room>): boolean => {
    for (const room of unused) {
      if (asked.has(room) || !room.fits(needs[index]!)) continue;
      asked.add(room);
      const holder = holders.get(room);
      if (holder !== undefined && !place(holder, asked)) continue;
      holders.set(room, index);
      return true;
    }
    return false;
  };
  for (const index of needs.keys()) if (!place(index, new Set())) return undefined;
  const hosts = new Array<string>(needs.length);
  for (const [room, index] of holders) hosts[index] = room.id;
  return hosts;
}

export const plus = (one: Resources, other: Resources): Resources => sum(one, other, 1);
export const minus = (one: Resources, other: Resources): Resources => sum(one, other, -1);

/** The amounts of one, but none above that of the other. */
export const atMost = (one: Resources, other: Resources): Resources =>
  Object.fromEntries(Object.entries(one).map(([name, amount]) => [name, Math.min(amount, other[name] ?? 0)]));

function sum(one: Resources, other: Resources, sign: 1 | -1): Resources {
  const result: Record<string, number> = { ...one };
  for (const [name, amount] of Object.entries(other)) result[name] = (result[name] ?? 0) + sign * amount;
  return result;
}

/** For an order of bundles and hosts: memory is in bytes, all else in pieces. */
const sizeOf = (resources: Resources): number =>
  Object.entries(resources).reduce(
    (size, [name, amount]) => size + (name === "memory" ? amount / 2 ** 32 : amount),
    0,
  );
