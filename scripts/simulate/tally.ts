import type { Outcome, Scenario, SimTask } from "./workload.ts";

/** Counts what happens in a simulation. */
export class Tally {
  readonly #scenario: Scenario;
  readonly #waitsMs: number[] = [];
  #busyMs = 0;
  #lastEndMs = 0;
  #submitted = 0;
  #ended = 0;
  #begun = 0;
  readonly #messages = new Map<string, number>();

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
  }

  /** Messages of one kind, beside results; those after the last submission don't count. */
  messages(kind: string, nowMs: number, count = 1): void {
    const { work } = this.#scenario;
    if ("forMs" in work && nowMs > work.warmUpMs + work.forMs) return;
    this.#messages.set(kind, (this.#messages.get(kind) ?? 0) + count);
  }

  submitted(): void {
    this.#submitted++;
  }

  begun({ submittedMs }: SimTask, nowMs: number): void {
    this.#begun++;
    const { work } = this.#scenario;
    if ("count" in work || submittedMs >= work.warmUpMs) this.#waitsMs.push(nowMs - submittedMs);
  }

  ended(ranMs: number, nowMs: number): void {
    this.#ended++;
    this.#busyMs += ranMs;
    this.#lastEndMs = nowMs;
  }

  /** Whether all that was submitted has been begun, or has ended. */
  get hasBegun(): boolean {
    return this.#begun >= this.#submitted;
  }

  get hasEnded(): boolean {
    return this.#ended >= this.#submitted;
  }

  outcome(): Outcome {
    const { hostCount, slots } = this.#scenario;
    return {
      waitsMs: Float64Array.from(this.#waitsMs).sort(),
      makespanMs: this.#lastEndMs,
      utilisation: this.#busyMs / (hostCount * slots * this.#lastEndMs),
      messagesPerTask: Object.fromEntries(
        [...this.#messages].map(([kind, count]) => [kind, count / this.#submitted]),
      ),
      submitted: this.#submitted,
      ended: this.#ended,
      begun: this.#begun,
    };
  }
}
