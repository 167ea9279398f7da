import { Ledger } from "../placement/resources.ts";
import type { BundleName, Resources } from "../protocol/messages.ts";

/** What groups have reserved of one host. */
type Held = {
  owner: string;
  group: string;
  attempt: number;
  ledgers: Map<number, Ledger>;
  /** Whether what ran before has left what was reserved. */
  isFree: boolean;
};

/** What a group has on this host, as its owner is told. */
export type Holding = Pick<Held, "owner" | "group" | "attempt" | "isFree">;

/**
 * The bundles of placement groups on one host. What is reserved is reserved at once, for one group alone, and is theirs to
 * use when the tasks that have it have ended. It knows no clock and sends nothing.
 */
export class Bundles {
  /** What no group and no actor has, whatever runs in it. */
  readonly #unreserved: Ledger;
  /** What nothing runs in, and no group has. */
  readonly #free: Ledger;
  readonly #held = new Map<string, Held>();
  /** How many actors have anything of the host, outside of bundles. */
  #keptCount = 0;

  /** @param free of the host that runs what is no group's */
  constructor(free: Ledger) {
    this.#free = free;
    this.#unreserved = new Ledger(free.total);
  }

  /** The host has so much of something from now on, outside of what is reserved. */
  offer(name: string, amount: number): void {
    this.#unreserved.offer(name, amount);
    this.#free.offer(name, amount);
  }

  get isEmpty(): boolean {
    return this.#held.size === 0 && this.#keptCount === 0;
  }

  /** What no group and no actor has; undefined if none has anything. */
  get unreserved(): Resources | undefined {
    return this.isEmpty ? undefined : this.#unreserved.available;
  }

  /** Whether something is reserved that is not free yet. */
  get isAwaited(): boolean {
    for (const { isFree } of this.#held.values()) if (!isFree) return true;
    return false;
  }

  /** Whether groups and actors have left so little that this can't run as long as they are there. */
  isBarred(need: Resources): boolean {
    return !this.isEmpty && !this.#unreserved.fits(need);
  }

  /**
   * Reserves bundles for a group, all or none; asked again with the same, it does nothing more.
   * @returns whether they are reserved
   */
  reserve(
    owner: string,
    group: string,
    attempt: number,
    bundles: readonly { index: number; need: Resources }[],
  ): boolean {
    const held = this.#held.get(group);
    const added = bundles.filter(({ index }) => held?.ledgers.has(index) !== true);
    const wanted = new Ledger(this.#unreserved.available);
    for (const { need } of added) {
      if (!wanted.fits(need)) return false;
      wanted.take(need);
    }
    const ledgers = held?.ledgers ?? new Map<number, Ledger>();
    for (const { index, need } of added) {
      this.#unreserved.take(need);
      this.#free.take(need);
      ledgers.set(index, new Ledger(need));
    }
    this.#held.set(group, { owner, group, attempt, ledgers, isFree: false });
    return true;
  }

  /** Gives back bundles of a group, all if none are named; what runs in them goes on. */
  drop(group: string, indexes?: readonly number[]): void {
    const held = this.#held.get(group);
    if (held === undefined) return;
    for (const index of indexes ?? [...held.ledgers.keys()]) {
      const ledger = held.ledgers.get(index);
      if (ledger === undefined) continue;
      held.ledgers.delete(index);
      this.#unreserved.give(ledger.total);
      this.#free.give(ledger.available);
    }
    if (held.ledgers.size === 0) this.#held.delete(group);
  }

  /** An actor has so much, which was taken of the host, for as long as it is there. */
  keep(need: Resources): void {
    this.#keptCount++;
    this.#unreserved.take(need);
  }

  /** It has it no more. */
  letGo(need: Resources): void {
    this.#keptCount--;
    this.#unreserved.give(need);
  }

  of(owner: string): Holding[] {
    return [...this.#held.values()].filter((held) => held.owner === owner);
  }

  /** What a bundle has, if its owner's group has it here and it can be used. */
  ledger({ group, index }: BundleName): Ledger | undefined {
    const held = this.#held.get(group);
    return held?.isFree ? held.ledgers.get(index) : undefined;
  }

  has({ group, index }: BundleName, owner: string | undefined): boolean {
    const held = this.#held.get(group);
    return held?.owner === owner && held!.ledgers.has(index);
  }

  /** Where a task gives back what it took of a bundle: the host, when the bundle is gone. */
  home({ group, index }: BundleName, taken: Ledger): Ledger {
    return this.#held.get(group)?.ledgers.get(index) === taken ? taken : this.#free;
  }

  /**
   * Looks which groups can use what they have reserved from now on.
   * @param hasRoom whether nothing runs on cpus that it does not have
   */
  settle(hasRoom: boolean): Holding[] {
    const isClear = (need: Resources) =>
      Object.keys(need).every((name) => (name === "cpu" ? hasRoom : this.#free.free(name) >= 0));
    const settled: Holding[] = [];
    for (const held of this.#held.values()) {
      if (held.isFree || ![...held.ledgers.values()].every(({ total }) => isClear(total))) continue;
      held.isFree = true;
      settled.push(held);
    }
    return settled;
  }
}
