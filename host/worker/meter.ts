import { TaskCancelledError, TaskTimeoutError, type WrayError } from "../../scheduler/protocol/errors.ts";
import type { Limits } from "../../scheduler/protocol/limits.ts";
import { stopWord, wakeWord } from "../ring/control.ts";
import { fuelBudget } from "../wasm/fuel.ts";

/**
 * To look at the clock costs several times as much as at a word. Checks come at most 5 ms after each other, and mostly
 * within a tenth of a millisecond.
 */
const checksPerTime = 4;

/**
 * The time of the running call, and whether it is to go on. Modules call `check` every millisecond or so; without
 * checks in a module, only the host can end it.
 */
export class Meter {
  readonly #control: Int32Array;
  #name = "";
  #number = 0;
  #limits: Pick<Limits, "timeoutMs" | "cpuMs"> = { timeoutMs: 0, cpuMs: 0 };
  /** 0 until somebody asks how long it runs: most calls have ended before. */
  #startMs = 0;
  #waitedMs = 0;
  #stopped: WrayError | undefined;
  #checks = 0;

  constructor(control: Int32Array) {
    this.#control = control;
  }

  begin(name: string, number: number, limits: Limits): void {
    this.#name = name;
    this.#number = number;
    this.#limits = limits;
    this.#stopped = undefined;
    this.restart();
  }

  /** Another call begins, which is the same in all but its time. */
  restart(): void {
    this.#startMs = 0;
    this.#waitedMs = 0;
  }

  /** Why the call is to end, once `check` has found that it is. */
  get stopped(): WrayError | undefined {
    return this.#stopped;
  }

  /**
   * Returns how much the module may do until it asks again, or 0 when it is to stop. It does not throw, because a
   * module may catch what is thrown; the trap that it ends with then, it can't.
   */
  readonly check = (): number => {
    if (!this.isStopped && (this.#startMs === 0 || ++this.#checks % checksPerTime === 0)) this.#checkTime();
    return this.#stopped === undefined ? fuelBudget : 0;
  };

  /** Whether the host has told the call to end. */
  get isStopped(): boolean {
    if (Atomics.load(this.#control, stopWord) !== this.#number) return false;
    this.#stopped ??= new TaskCancelledError(`${this.#name} was stopped`);
    return true;
  }

  /** The first look comes some milliseconds after the beginning at most, and counts as that. */
  #checkTime(): void {
    const { timeoutMs, cpuMs } = this.#limits;
    const nowMs = performance.now();
    if (this.#startMs === 0) this.#startMs = nowMs;
    const elapsedMs = nowMs - this.#startMs;
    if (elapsedMs > timeoutMs) this.#stopped ??= timeoutError(this.#name, timeoutMs);
    else if (elapsedMs - this.#waitedMs > cpuMs) this.#stopped ??= cpuError(this.#name, cpuMs);
  }

  /**
   * Blocks the thread until `receive` returns something, which it is asked for whenever the host wakes this worker.
   * @param lookMs how long to sleep at most before it is asked again, for what nobody wakes the worker for
   * @throws TaskTimeoutError, TaskCancelledError when the call is to end
   */
  await<T>(receive: () => T | undefined, lookMs = () => Number.POSITIVE_INFINITY): T {
    while (true) {
      const woken = Atomics.load(this.#control, wakeWord);
      const received = receive();
      if (received !== undefined) return received;
      this.check();
      this.#checkTime();
      if (this.#stopped !== undefined) throw this.#stopped;
      const waitFromMs = performance.now();
      const leftMs = this.#startMs + this.#limits.timeoutMs - waitFromMs;
      Atomics.wait(this.#control, wakeWord, woken, Math.min(Math.max(leftMs, 0) + 1, lookMs()));
      this.#waitedMs += performance.now() - waitFromMs;
    }
  }
}

export const timeoutError = (name: string, timeoutMs: number) =>
  new TaskTimeoutError(`${name} ran longer than its ${timeoutMs} ms`, {
    remedy: "Raise timeoutMs, or find out why it takes so long.",
    data: { kernel: name, timeoutMs },
  });

const cpuError = (name: string, cpuMs: number) =>
  new TaskTimeoutError(`${name} computed longer than its ${cpuMs} ms`, {
    remedy: "Raise cpuMs, or find out why it takes so long.",
    data: { kernel: name, cpuMs },
  });
