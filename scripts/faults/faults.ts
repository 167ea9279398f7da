/** What can happen to a message, or to a connection. */
export const faultKinds = [
  /** It never arrives. */
  "lost",
  /** It arrives, and its answer does not. */
  "replyLost",
  /** It arrives, and its sender is told that it may not have. */
  "failed",
  "duplicated",
  "delayed",
  /** What is sent after it arrives before it. */
  "reordered",
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** So likely this fault strikes a message of this type; see `message-types.ts` for the types. */
export type Rule = { type: string; fault: FaultKind; probability: number };

/** A fault that has struck. */
export type Strike = { atMs: number; type: string; fault: FaultKind; where: string };

export type FaultsDeps = {
  rules: readonly Rule[];
  /** Gives numbers from 0 to below 1: the same ones bring the same faults. */
  random(): number;
  nowMs?(): number;
};

/** Decides which messages are struck by which faults, and keeps the list. */
export class Faults {
  /** May be replaced at any time. */
  rules: readonly Rule[];
  readonly random: () => number;
  readonly #nowMs: () => number;
  readonly #strikes: Strike[] = [];
  #isOver = false;

  constructor({ rules, random, nowMs = () => performance.now() }: FaultsDeps) {
    this.rules = rules;
    this.random = random;
    this.#nowMs = nowMs;
  }

  /** Those that have struck, the first first. */
  get strikes(): readonly Strike[] {
    return this.#strikes;
  }

  /** Whether nothing is struck any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Lets everything pass from now on. */
  end(): void {
    this.#isOver = true;
  }

  /** The fault that strikes a message of these types, if one does: the first rule that says so. */
  strike(types: readonly string[], where: string, possible = faultKinds as readonly FaultKind[]) {
    if (this.#isOver) return undefined;
    for (const { type, fault, probability } of this.rules) {
      if (!types.includes(type) || !possible.includes(fault) || this.random() >= probability) continue;
      this.#strikes.push({ atMs: this.#nowMs(), type, fault, where });
      return fault;
    }
    return undefined;
  }

  /** How long what is delayed is delayed, in ms: mostly a little, now and then longer than anybody waits for it. */
  delayMs(): number {
    return this.random() < 0.1 ? 1_000 + 2_000 * this.random() : 1 + 50 * this.random();
  }
}

export const shownStrike = ({ atMs, type, fault, where }: Strike): string =>
  `${atMs.toFixed(1)} ms  ${type} ${fault}  ${where}`;
