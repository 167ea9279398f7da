import { LimitExceededError, TaskError, type WrayError } from "../../scheduler/protocol/errors.ts";
import type { Collectives } from "./collectives.ts";
import { type Guest, readText } from "./guest.ts";
import type { Said, WorkerCall, WorkerModule } from "./messages.ts";
import type { Meter } from "./meter.ts";
import type { Nested } from "./nested.ts";
import { randomOf } from "./random.ts";
import { KernelAbort } from "./trap.ts";

/** Reports of progress that follow another sooner than this are dropped. */
const progressMs = 50;
/** How many times a task may look at the clock: each reading is recorded. */
const mostReadings = 10_000;

export type HostFunctionsDeps = {
  meter: Meter;
  nested: Nested;
  collectives: Collectives;
  post(message: Said): void;
};

type Functions = Record<string, (...args: never[]) => unknown>;

/**
 * Everything that a module can import. What they do belongs to the running task: its random numbers follow from its
 * seed, and what its clock says is recorded.
 */
export class HostFunctions {
  readonly #deps: HostFunctionsDeps;
  readonly #encoder = new TextEncoder();
  #call!: WorkerCall;
  #name = "";
  /** Of the running call, once it has asked for a random number. */
  #random: (() => number) | undefined;
  #loggedBytes = 0;
  #readings: number[] = [];
  #reportedMs = Number.NEGATIVE_INFINITY;

  constructor(deps: HostFunctionsDeps) {
    this.#deps = deps;
  }

  /** From now on they serve this call. */
  begin(name: string, call: WorkerCall): void {
    this.#name = name;
    this.#call = call;
    this.#random = undefined;
    this.#loggedBytes = 0;
    if (this.#readings.length > 0) this.#readings = [];
    this.#reportedMs = Number.NEGATIVE_INFINITY;
  }

  /** Why the call was stopped from outside, if it was. */
  get stopped(): WrayError | undefined {
    return this.#deps.meter.stopped;
  }

  /** What the clock said to the call, reading by reading; undefined when it was not asked. */
  get recording(): number[] | undefined {
    return this.#readings.length > 0 ? this.#readings : undefined;
  }

  /** The imports of one instance. */
  importsFor(guest: Guest, module: WorkerModule): WebAssembly.Imports {
    const { meter, nested, collectives } = this.#deps;
    const random = () => {
      this.#random ??= randomOf(this.#call.seed);
      return this.#random();
    };
    const log = (text: number) => this.#log(readText(guest, text));
    const functions: Record<string, Functions> = {
      env: {
        seed: random,
        "Date.now": () => this.#now(),
        ...Object.fromEntries(
          ["log", "info", "debug", "warn", "error"].map((level) => [`console.${level}`, log]),
        ),
        trace: (text: number, count: number, ...numbers: number[]) =>
          this.#log([readText(guest, text), ...numbers.slice(0, count)].join(" ")),
      },
      wray: {
        log,
        random,
        clock: () => this.#now(),
        progress: (fraction: number, text: number) => this.#progress(fraction, readText(guest, text)),
        ...nested.functionsFor(guest, module.manifest),
        ...collectives.functionsFor(guest),
      },
    };
    const imports: WebAssembly.Imports = Object.create(null);
    for (const [name, group] of Object.entries(functions)) {
      imports[name] = Object.create(null) as WebAssembly.ModuleImports;
      for (const [field, run] of Object.entries(group)) imports[name][field] = this.#guarded(guest, run);
    }
    imports.env!.abort = (message: number, file: number, line: number, column: number) => {
      throw new KernelAbort(
        readText(guest, message) || "abort",
        readText(guest, file),
        line >>> 0,
        column >>> 0,
      );
    };
    imports.__wray = { check: meter.check, ...(guest.memory && { memory: guest.memory }) };
    return imports;
  }

  /**
   * What an instance hears of the host while it starts makes it the instance of one task. A module that does nothing
   * but call its host is to stop like any other.
   */
  #guarded(guest: Guest, run: (...args: never[]) => unknown) {
    const { meter } = this.#deps;
    return (...args: unknown[]) => {
      if (guest.runtime === undefined) guest.isTaskBound = true;
      if (meter.check() === 0) throw meter.stopped;
      return run(...(args as never[]));
    };
  }

  #log(text: string): void {
    const { maxLogBytes } = this.#call.limits;
    this.#loggedBytes += this.#encoder.encode(text).byteLength + 1;
    if (this.#loggedBytes > maxLogBytes) {
      throw new LimitExceededError(`${this.#name} wrote more than its ${maxLogBytes} bytes to the log`, {
        remedy: "Log less, or raise maxLogBytes.",
        data: { kernel: this.#name, limit: "maxLogBytes", maxLogBytes },
      });
    }
    this.#deps.post({ kind: "log", text });
  }

  #progress(fraction: number, text: string): void {
    const nowMs = performance.now();
    if (nowMs - this.#reportedMs < progressMs || !Number.isFinite(fraction)) return;
    this.#reportedMs = nowMs;
    this.#deps.post({ kind: "progress", fraction, text: text.slice(0, 256) });
  }

  /** Milliseconds since 1970. */
  #now(): number {
    const { clock } = this.#call;
    const index = this.#readings.length;
    if (index >= mostReadings) {
      throw new LimitExceededError(`${this.#name} looked at the clock more than ${mostReadings} times`, {
        remedy: "Look at it less often: each reading is recorded, so that the task can be replayed.",
        data: { kernel: this.#name, limit: "clock readings" },
      });
    }
    const reading = clock === undefined ? Date.now() : clock[index];
    if (reading === undefined) {
      throw new TaskError(`${this.#name} looks at the clock more often than the recording that it replays`, {
        remedy: "Replay it with the module, the arguments and the seed of the recorded task.",
        data: { kernel: this.#name },
      });
    }
    this.#readings.push(reading);
    return reading;
  }
}
