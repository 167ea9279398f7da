import type { Compared } from "./figures.ts";

/** A call with a number that grows, which fails unless its result is right. */
export type Call = (index: number) => Promise<void>;

/** Measures two things by turns, so that whatever else the machine does hits both alike. */
export async function byTurns<T>(
  turnCount: number,
  measure: () => Promise<T>,
  baseline: { name: string; measure(): Promise<T> },
): Promise<Compared<T>> {
  const turns: T[] = [];
  const baselineTurns: T[] = [];
  for (let turn = 0; turn < turnCount; turn++) {
    baselineTurns.push(await baseline.measure());
    turns.push(await measure());
  }
  return { turns, baseline: { name: baseline.name, turns: baselineTurns } };
}

/** How long each of so many calls takes, in µs, one after the other. */
export async function oneByOneUs(callCount: number, call: Call): Promise<number[]> {
  const samplesUs: number[] = [];
  for (let index = 0; index < callCount; index++) {
    const startMs = performance.now();
    await call(index);
    samplesUs.push((performance.now() - startMs) * 1_000);
  }
  return samplesUs;
}

/** The same of calls that block. */
export function oneByOneSyncUs(callCount: number, call: (index: number) => void): number[] {
  const samplesUs: number[] = [];
  for (let index = 0; index < callCount; index++) {
    const startMs = performance.now();
    call(index);
    samplesUs.push((performance.now() - startMs) * 1_000);
  }
  return samplesUs;
}

/** Calls a second with always `outstanding` on their way, until the last have been called. */
export async function callsPerSecond(callCount: number, outstanding: number, call: Call): Promise<number> {
  let next = 0;
  const lane = async () => {
    while (next < callCount) await call(next++);
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: outstanding }, lane));
  return callCount / ((performance.now() - startMs) / 1_000);
}

/** How long something takes, in ms. */
export async function elapsedMs(action: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await action();
  return performance.now() - startMs;
}

/** Fails unless a result is the right one. */
export function check(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${what} gave ${String(actual)} instead of ${String(expected)}`);
}
