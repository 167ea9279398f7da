import { ActorUnavailableError, toWireError } from "../protocol/errors.ts";
import type { CallOutcome, KeptState, LogEntry } from "../protocol/messages.ts";

/** Who keeps the log. */
export interface LogStore {
  /**
   * Writes entries in one message after all that were written before; `after` is the number of the last one. Returns its
   * number, or undefined when somebody else has written since.
   */
  append(entries: readonly LogEntry[], after: number): Promise<number | undefined>;
  /** Messages before this one are needed no more. */
  trim(number: number): Promise<void>;
}

type Call = { caller: string; number: number };
/** A call that the log has brought, with the id of its result. */
export type Replayed = Call & { id: string };
type Answer = Call & { outcome: CallOutcome };

type Writing = {
  id: string | undefined;
  /** Once it is known; null when there is none after all. */
  entry: LogEntry | null | undefined;
  ready: Promise<void> | undefined;
  done(at: number): void;
  failed(error: Fenced): void;
};

/** So many entries are written at once, and about so many bytes. */
const mostEntries = 512;
const mostBytes = 256 * 1024;

/** Where an entry is: in which message, and the how manieth it is there. The later, the larger. */
export const placeOf = (message: number, index: number): number => message * mostEntries + index;
export const messageOf = (place: number): number => Math.floor(place / mostEntries);

/**
 * The calls of a detached actor since its checkpoint, where they outlive its owner. A caller is told what came of a call once
 * the call is there, so whoever takes over the actor applies all of those again. Whoever has taken over writes to the log, and
 * the owner before, if it is still there, can't any more.
 */
export class CallLog {
  readonly #store: LogStore;
  readonly #queue: Writing[] = [];
  /** Where each call is, by the id of its result, once it is written. */
  readonly #places = new Map<string, Promise<number>>();
  readonly #replayed = new Map<string, Replayed>();
  /** What calls have come to that are in the checkpoint … */
  readonly #kept = new Map<string, Answer>();
  /** … and those since, by the ids of their results. */
  readonly #since = new Map<string, Answer>();
  /** What each caller still waits for, at the least. */
  readonly #least = new Map<string, number>();
  #last = 0;
  #isWriting = false;
  #isFenced = false;

  /**
   * @param replayed calls that another owner has written down, and that are kept beside the log, as if at its place 0
   * @param kept what was answered to calls that are in the checkpoint
   */
  constructor(store: LogStore, replayed: readonly Replayed[], kept: KeptState["answers"]) {
    this.#store = store;
    for (const call of replayed) {
      this.#replayed.set(keyOf(call), call);
      this.#places.set(call.id, Promise.resolve(0));
    }
    for (const answer of kept) this.#kept.set(keyOf(answer), answer);
  }

  /**
   * The caller waits for none of its calls below this number any more.
   * @returns the ids of the results of those that the log has brought: nobody asks for them any more
   */
  settledBelow(caller: string, number: number): string[] {
    if (number <= (this.#least.get(caller) ?? 0)) return [];
    this.#least.set(caller, number);
    const isSettled = (call: Call) => call.caller === caller && call.number < number;
    for (const calls of [this.#kept, this.#since])
      for (const [key, call] of calls) if (isSettled(call)) calls.delete(key);
    const replayed = [...this.#replayed.values()].filter(isSettled);
    for (const call of replayed) this.#replayed.delete(keyOf(call));
    return replayed.map(({ id }) => id);
  }

  /** What a call has come to that is in the checkpoint. */
  answerTo(caller: string, number: number): CallOutcome | undefined {
    return this.#kept.get(keyOf({ caller, number }))?.outcome;
  }

  /** The id of the result of a call that the log has brought. */
  replayed(caller: string, number: number): string | undefined {
    return this.#replayed.get(keyOf({ caller, number }))?.id;
  }

  /**
   * Writes a call, whose result has this id, after those before. Resolves when it is written, or can't be applied since what it
   * takes has failed. Rejects when somebody else has taken over.
   */
  async call(
    id: string,
    call: Call & { method: string },
    args: Uint8Array[] | Promise<Uint8Array[]>,
  ): Promise<void> {
    const written = this.#write(id, Array.isArray(args) ? { kind: "call", ...call, args } : undefined);
    if (!Array.isArray(args)) {
      const { writing } = written;
      writing.ready = args.then(
        (values) => {
          writing.entry = { kind: "call", ...call, args: values };
        },
        () => {
          writing.entry = null;
        },
      );
    }
    this.#places.set(id, written.at);
    void this.#writeAll();
    await written.at;
  }

  /** A call that was written has failed, and is not to be applied again. */
  async failed(id: string, { caller, number }: Call): Promise<void> {
    if (!this.#places.delete(id)) return;
    const { at } = this.#write(undefined, { kind: "failed", caller, number });
    void this.#writeAll();
    await at;
  }

  /** What a call has come to, whether the caller is told or not. */
  answered(id: string, answer: Answer): void {
    if (answer.number >= (this.#least.get(answer.caller) ?? 0)) this.#since.set(id, answer);
  }

  /**
   * The calls with these results are in a checkpoint.
   * @returns what is to be kept with it, once its calls are written; undefined when there are none
   */
  async checkpoint(ids: readonly string[]): Promise<Pick<KeptState, "at" | "answers"> | undefined> {
    for (const id of ids) {
      const answer = this.#since.get(id);
      this.#since.delete(id);
      if (answer !== undefined)
        this.#kept.set(keyOf(answer), { ...answer, outcome: lasting(answer.outcome) });
    }
    const answers = [...this.#kept.values()];
    const places = ids.flatMap((id) => this.#places.get(id) ?? []);
    for (const id of ids) this.#places.delete(id);
    if (places.length === 0) return undefined;
    return { at: Math.max(...(await Promise.all(places))), answers };
  }

  /** A checkpoint is kept that is after the call at this place. */
  async trim(place: number): Promise<void> {
    if (place > 0) await this.#store.trim(messageOf(place));
  }

  #write(id: string | undefined, entry: LogEntry | undefined): { writing: Writing; at: Promise<number> } {
    let writing: Writing;
    const at = new Promise<number>((done, failed) => {
      writing = { id, entry, ready: undefined, done, failed };
      this.#queue.push(writing);
    });
    at.catch(() => {}); // Whoever waits for it hears of it.
    return { writing: writing!, at };
  }

  /** Many that wait go together: each write takes the time of a round trip. */
  async #writeAll(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      await first.ready;
      const writing = this.#queue.splice(0, this.#readyCount());
      const entries = writing.flatMap(({ entry }) => entry ?? []);
      const message = await this.#append(entries);
      let index = 0;
      for (const { entry, done, failed } of writing) {
        if (message === undefined) failed(new Fenced("somebody else has taken over the actor"));
        else done(placeOf(message, entry === null ? index : index++));
      }
    }
    this.#isWriting = false;
  }

  async #append(entries: readonly LogEntry[]): Promise<number | undefined> {
    if (this.#isFenced) return undefined;
    if (entries.length === 0) return this.#last;
    const at = await this.#store.append(entries, this.#last);
    if (at === undefined) this.#isFenced = true;
    else this.#last = at;
    return at;
  }

  /** How many of those that wait can be written at once. */
  #readyCount(): number {
    let count = 0;
    for (let bytes = 0; count < this.#queue.length && count < mostEntries && bytes < mostBytes; count++) {
      const { entry } = this.#queue[count]!;
      if (entry === undefined) break;
      bytes += 100;
      if (entry?.kind === "call") for (const arg of entry.args) bytes += arg.byteLength;
    }
    return count;
  }
}

/** Somebody else has taken over. */
export class Fenced extends Error {}

/** What can be told when this owner is gone. */
const lasting = (outcome: CallOutcome): CallOutcome =>
  outcome.kind === "object"
    ? {
        kind: "error",
        error: toWireError(
          new ActorUnavailableError(
            "the call was applied; its result, which is large, was lost with a host",
            {
              remedy: "Ask the actor again for what it returns.",
            },
          ),
        ),
      }
    : outcome;

const keyOf = ({ caller, number }: Call) => `${caller}.${number}`;
