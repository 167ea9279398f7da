/** A process of a simulated cluster: timers and messages are for it, or, once it is dead, for nobody. */
export class Process {
  readonly name: string;
  state: "running" | "frozen" | "dead" = "running";
  /** Timers that have been set and have neither gone off for good nor been cleared. */
  readonly timers = new Set<SimulatedTimer>();
  /** What it has not seen, since it was frozen when that came. */
  readonly lateTimers: SimulatedTimer[] = [];
  readonly lateMessages: { what: string; action: () => void }[] = [];

  constructor(name: string) {
    this.name = name;
  }
}

/** What `setTimeout` and `setInterval` return in the simulation. */
export class SimulatedTimer {
  readonly process: Process;
  readonly action: () => void;
  readonly everyMs: number | undefined;
  readonly id: number;

  constructor(process: Process, id: number, action: () => void, everyMs: number | undefined) {
    this.process = process;
    this.id = id;
    this.action = action;
    this.everyMs = everyMs;
    process.timers.add(this);
  }

  get isSet(): boolean {
    return this.process.timers.has(this);
  }

  clear(): void {
    this.process.timers.delete(this);
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  [Symbol.toPrimitive](): number {
    return this.id;
  }
}
