import type { Control } from "../../scheduler/control/control.ts";
import type { WireError } from "../../scheduler/protocol/errors.ts";
import { within } from "../../scheduler/time/within.ts";
import type { RawTrap } from "../worker/trap.ts";
import { Functions } from "./functions.ts";
import { locate, type ModuleFacts, type Translation } from "./locate.ts";
import { SourceMap } from "./source-map.ts";
import { tellPlaces } from "./tell.ts";

/** An error does not wait longer for its source map; it is told without. */
const patienceMs = 2_000;
/** A module that had no source map is asked for one again after this time: a client may have loaded it since. */
const absentForMs = 5_000;
/** What is remembered of modules takes about so many bytes at most. */
const mostBytes = 32 * 1024 * 1024;

type Known = {
  facts: Promise<ModuleFacts>;
  /** The same, once they are read. */
  read: ModuleFacts;
  bytes: number;
  untilMs: number;
};

/** Turns what workers tell of failed kernels into places in their sources. */
export class Traps {
  readonly #control: Control;
  readonly #nowMs: () => number;
  /** By sha-256, those that were used last at the end. */
  readonly #known = new Map<string, Known>();

  constructor(control: Control, nowMs = () => performance.now()) {
    this.#control = control;
    this.#nowMs = nowMs;
  }

  /**
   * The error as clients get it: with its place in message, `data.position`, `data.stack` and `stack`. Errors that hold
   * no `data.trap` stay as they are. Never rejects: without a source map, functions and offsets are told.
   */
  async locate(sha256: string, error: WireError, translation?: Translation): Promise<WireError> {
    if (error.data?.trap === undefined) return error;
    const facts = await within(patienceMs, this.#factsOf(sha256), () => new Error("it takes too long")).catch(
      (): ModuleFacts => ({}),
    );
    return tell(error, facts, translation);
  }

  /** The same for who can't wait: by what was read of the module for an earlier error. */
  locateNow(sha256: string, error: WireError, translation?: Translation): WireError {
    void this.#factsOf(sha256); // For the next one.
    return tell(error, this.#known.get(sha256)?.read ?? {}, translation);
  }

  #factsOf(sha256: string): Promise<ModuleFacts> {
    const known = this.#known.get(sha256);
    this.#known.delete(sha256);
    if (known !== undefined && this.#nowMs() < known.untilMs) {
      this.#known.set(sha256, known);
      return known.facts;
    }
    const entry: Known = {
      ...{ facts: this.#read(sha256), read: {} },
      ...{ bytes: 0, untilMs: Number.POSITIVE_INFINITY },
    };
    this.#known.set(sha256, entry);
    entry.facts.then(
      (read) => {
        const { functions, sourceMap } = read;
        entry.read = read;
        entry.bytes = (functions?.bytes ?? 0) + (sourceMap?.bytes ?? 0);
        if (sourceMap === undefined) entry.untilMs = this.#nowMs() + absentForMs;
        this.#forgetOldest();
      },
      () => {
        if (this.#known.get(sha256) === entry) this.#known.delete(sha256);
      },
    );
    return entry.facts;
  }

  async #read(sha256: string): Promise<ModuleFacts> {
    const [module, map] = await Promise.all([
      this.#control.getModule(sha256),
      this.#control.getSourceMap(sha256),
    ]);
    return {
      functions: module && Functions.parse(module),
      sourceMap: map && SourceMap.parse(map),
    };
  }

  #forgetOldest(): void {
    let bytes = 0;
    for (const known of this.#known.values()) bytes += known.bytes;
    for (const [sha256, known] of this.#known) {
      if (bytes <= mostBytes) return;
      bytes -= known.bytes;
      this.#known.delete(sha256);
    }
  }
}

function tell(error: WireError, facts: ModuleFacts, translation: Translation | undefined): WireError {
  const { trap, ...data } = (error.data ?? {}) as { trap?: RawTrap };
  return trap === undefined ? error : tellPlaces({ ...error, data }, locate(trap, facts, translation));
}
