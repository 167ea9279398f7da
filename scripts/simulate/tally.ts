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
  messages = 0;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
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

  get isDone(): boolean {
    return this.#ended >= this.#submitted;
  }

  outcome(): Outcome {
    const { hostCount, slots } = this.#scenario;
    return {
      waitsMs: Float64Array.from(this.#waitsMs).sort(),
      makespanMs: this.#lastEndMs,
      utilisation: this.#busyMs / (hostCount * slots * this.#lastEndMs),
      messagesPerTask: this.messages / this.#submitted,
      submitted: this.#submitted,
      ended: this.#ended,
      begun: this.#begun,
    };
  }
}
