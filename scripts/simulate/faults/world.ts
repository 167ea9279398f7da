import { Events } from "../events.ts";
import { randomOf } from "../random.ts";
import { Process, SimulatedTimer } from "./process.ts";

/** The real ones, since the world may have replaced them. */
const nextTurn = setImmediate;
const nextTick = process.nextTick.bind(process);
const microtask = queueMicrotask;

/** After so many events the real event loop has a turn, in which it tells of rejections that nobody handles. */
const eventsPerTurn = 2_000;
/** So much of each message is part of the trace. */
const tracedBytes = 64;
/** Timers go off up to so much late, so that those of one length differ. */
const mostLateMs = 0.5;

/**
 * The time and the chance of one simulated cluster. Events happen one after the other, each inside one process, and
 * before the next one, all that its promises bring has happened, too. So whatever is random follows from the seed.
 */
export class World {
  readonly seed: number;
  /** Inside which process the current event is. */
  current: Process;
  /** Who no fault reaches: the simulation itself. */
  readonly outside = new Process("simulation");
  readonly processes: Process[] = [];
  /** What has gone wrong in a way that no program could handle. */
  readonly crashes: unknown[] = [];
  /** Is told of each event, if anybody wants to know. */
  onEvent: ((what: string) => void) | undefined;
  /** For delays; others have their own, so that one draw more of one changes nothing for the others. */
  readonly random: () => number;
  readonly #events = new Events();
  #hash = 0x811c9dc5;
  #timerCount = 0;
  eventCount = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.random = this.chance("delays");
    this.current = this.outside;
  }

  get nowMs(): number {
    return this.#events.nowMs;
  }

  /** The events so far as one number: the same for the same events. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  /** A source of random numbers of its own. */
  chance(name: string): () => number {
    let mixed = this.seed + 1;
    for (const letter of name) mixed = Math.imul(mixed ^ letter.charCodeAt(0), 0x01000193) >>> 0;
    return randomOf(mixed);
  }

  spawn(name: string): Process {
    const spawned = new Process(name);
    this.processes.push(spawned);
    return spawned;
  }

  /** Lets a process take in a message after so long; a frozen one does so when it goes on. */
  message(receiver: Process, ms: number, what: string, action: () => void, bytes?: Uint8Array): void {
    this.#events.after(ms, () => this.arrive(receiver, what, action, bytes));
  }

  /** Does something after so long, outside of all processes. */
  after(ms: number, action: () => void): void {
    this.#events.after(ms, action);
  }

  /** The same as `message`, now: to be called by what `after` does, and nothing else is done after it. */
  arrive(receiver: Process, what: string, action: () => void, bytes?: Uint8Array): void {
    if (receiver.state === "dead") return;
    if (receiver.state === "frozen") receiver.lateMessages.push({ what, action });
    else this.#happen(receiver, what, action, bytes);
  }

  setTimer(ms: number, action: () => void, repeats: boolean): SimulatedTimer {
    const waitMs = ms >= 1 ? ms : 1;
    const timer = new SimulatedTimer(
      ...([this.current, ++this.#timerCount, action, repeats ? waitMs : undefined] as const),
    );
    this.#arm(timer, waitMs);
    return timer;
  }

  /** From now on a process does nothing and sees nothing, until `thaw`. */
  freeze(frozen: Process): void {
    if (frozen.state === "running") frozen.state = "frozen";
  }

  /** It goes on: its timers come first, as its event loop has it, and then all messages at once. */
  thaw(frozen: Process): void {
    if (frozen.state !== "frozen") return;
    frozen.state = "running";
    for (const timer of frozen.lateTimers.splice(0)) this.#events.after(0, () => this.#goOff(timer));
    for (const { what, action } of frozen.lateMessages.splice(0)) this.message(frozen, 0, what, action);
  }

  /** It is gone, at once and without a word. */
  kill(killed: Process): void {
    killed.state = "dead";
    killed.timers.clear();
    killed.lateTimers.length = 0;
    killed.lateMessages.length = 0;
  }

  /** Does something inside a process, now. */
  within<T>(process: Process, action: () => T): T {
    const before = this.current;
    this.current = process;
    try {
      return action();
    } finally {
      this.current = before;
    }
  }

  /** Lets so much time pass. */
  run(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    return new Promise((resolve) => {
      const step = () => {
        const event = this.#events.take(endMs);
        if (event === undefined) {
          this.current = this.outside;
          nextTurn(resolve);
          return;
        }
        event();
        // Once the queue of microtasks is empty, the tick comes: then everything has happened.
        if (++this.eventCount % eventsPerTurn === 0) nextTurn(step);
        else microtask(() => nextTick(step));
      };
      nextTick(step);
    });
  }

  #arm(timer: SimulatedTimer, ms: number): void {
    this.#events.after(ms + mostLateMs * this.random(), () => this.#goOff(timer));
  }

  #goOff(timer: SimulatedTimer): void {
    const { process, everyMs, action } = timer;
    if (!timer.isSet) return;
    if (process.state === "frozen") {
      process.lateTimers.push(timer);
      return;
    }
    this.#happen(process, `timer ${timer.id}`, () => {
      if (everyMs === undefined) timer.clear();
      else this.#arm(timer, everyMs);
      action();
    });
  }

  #happen(process: Process, what: string, action: () => void, bytes?: Uint8Array): void {
    this.current = process;
    this.#trace(`${this.nowMs} ${process.name} ${what}`, bytes);
    try {
      action();
    } catch (error) {
      this.crashes.push(error);
    }
  }

  #trace(what: string, bytes: Uint8Array | undefined): void {
    let hash = this.#hash;
    for (let at = 0; at < what.length; at++) hash = Math.imul(hash ^ what.charCodeAt(at), 0x01000193);
    const byteCount = Math.min(bytes?.byteLength ?? 0, tracedBytes);
    for (let at = 0; at < byteCount; at++) hash = Math.imul(hash ^ bytes![at]!, 0x01000193);
    this.#hash = hash;
    this.onEvent?.(what);
  }
}
