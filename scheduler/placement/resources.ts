import type { Resources } from "../protocol/messages.ts";

// Amounts of what hosts offer and tasks need, by name: `cpu`, `gpu`, `memory` in bytes, and any others.

/** What a task needs unless its options say otherwise. */
export const defaultNeed: Resources = { cpu: 1 };

/** What a kernel for a GPU needs unless its options say otherwise: a device is given so many tasks at once. */
export const defaultGpuNeed: Resources = { cpu: 0, gpu: 1 / 16 };

/** What of a need is cpus: a task that waits for others gives it back. */
export const cpuOf = ({ cpu = 0 }: Resources): Resources => ({ cpu });

/** How many cpus of a host no placement group has reserved. */
export const unreservedCpus = (cpus: number, unreserved: Resources | undefined): number =>
  unreserved?.cpu ?? cpus;

/** Amounts are counted in these parts, so that fractions add up: ten times 0.1 is 1. */
const parts = 10_000;

const partsOf = (amount: number) => Math.round(amount * parts);

/** What of a need goes beyond what there is, with what there is instead. */
export type Missing = { name: string; needed: number; offered: number };

export function missing(need: Resources, offered: Resources): Missing[] {
  return Object.entries(need).flatMap(([name, needed]) => {
    const given = offered[name] ?? 0;
    return partsOf(needed) > partsOf(given) ? [{ name, needed, offered: given }] : [];
  });
}

/** A text that is the same for the same needs. */
export const keyOf = (need: Resources): string =>
  Object.keys(need)
    .sort()
    .map((name) => `${name}=${need[name]}`)
    .join();

/** What one host, or one bundle of a placement group, has, and how much of it is free. */
export class Ledger {
  #total: Resources;
  readonly #free = new Map<string, number>();

  constructor(total: Resources) {
    this.#total = total;
    for (const [name, amount] of Object.entries(total)) this.#free.set(name, partsOf(amount));
  }

  get total(): Resources {
    return this.#total;
  }

  /** It has so much of something from now on. When that is less than is taken, nothing of it is free until that is given. */
  offer(name: string, amount: number): void {
    const more = partsOf(amount) - partsOf(this.#total[name] ?? 0);
    this.#total = { ...this.#total, [name]: amount };
    this.#free.set(name, (this.#free.get(name) ?? 0) + more);
  }

  /** Whether so much is free now. */
  fits(need: Resources): boolean {
    for (const name in need) if (partsOf(need[name]!) > (this.#free.get(name) ?? 0)) return false;
    return true;
  }

  /** Takes so much, of which `fits` was true. */
  take(need: Resources): void {
    for (const name in need) {
      const amount = partsOf(need[name]!);
      if (amount > 0) this.#free.set(name, this.#free.get(name)! - amount);
    }
  }

  /** Gives back what was taken. */
  give(need: Resources): void {
    for (const name in need) {
      const amount = partsOf(need[name]!);
      if (amount > 0) this.#free.set(name, this.#free.get(name)! + amount);
    }
  }

  /** How much of one resource is free. */
  free(name: string): number {
    return (this.#free.get(name) ?? 0) / parts;
  }

  get available(): Resources {
    return Object.fromEntries([...this.#free].map(([name, amount]) => [name, amount / parts]));
  }

  /** Whether nothing is taken. */
  get isWhole(): boolean {
    return [...this.#free].every(([name, amount]) => amount === partsOf(this.total[name]!));
  }
}
