import type { CallOutcome, LogEntry } from "../protocol/messages.ts";

/** Who keeps the log. */
export interface LogStore {
  /**
   * Writes entries after all that were written before; `after` is the number of the last ones. Returns their number, or
   * undefined when somebody else has written since.
   */
  append(entries: readonly LogEntry[], after: number): Promise<number | undefined>;
  /** Entries up to this number are needed no more. */
  trim(number: number): Promise<void>;
}

/** A call of which the log tells: it has been applied, or is about to be. */
export type Replayed = { caller: string; number: number; id: string; at: number };

/** What callers have been told, and may not have heard. */
export type Answer = { caller: string; number: number; outcome: CallOutcome };

/** So many entries are written at once, and about so many bytes. */
const mostEntries = 512;
const mostBytes = 256 * 1024;

/**
 * The calls of a detached actor since its checkpoint, where they outlive its owner. A caller is told what came of a call once
 * the call is there, so whoever takes over the actor applies all of those again. Whoever has taken over writes to the log, and
 * the owner before, if it is still there, can't any more.
 */
export class CallLog {
  readonly #store: LogStore;
  readonly #queue: { entry: LogEntry; done(at: number): void; failed(error: Fenced): void }[] = [];
  /** The number of the entries that have the call, by the id of its result. */
  readonly #places = new Map<string, number>();
  readonly #replayed = new Map<string, Replayed>();
  readonly #answers = new Map<string, Answer>();
  /** What each caller still waits for, at the least. */
  readonly #settled = new Map<string, number>();
  #last: number;
  #isWriting = false;
  #isFenced = false;

  /** @param last the number of the last entries */
  constructor(store: LogStore, last: number, replayed: readonly Replayed[], answers: readonly Answer[]) {
    this.#store = store;
    this.#last = last;
    for (const call of replayed) {
      this.#replayed.set(keyOf(call), call);
      this.#places.set(call.id, call.at);
    }
    for (const answer of answers) this.#answers.set(keyOf(answer), answer);
  }

  /** The caller waits for none of its calls below this number any more. */
  settledBelow(caller: string, number: number): void {
    if (number <= (this.#settled.get(caller) ?? 0)) return;
    this.#settled.set(caller, number);
    for (const calls of [this.#answers, this.#replayed])
      for (const [key, call] of calls) if (call.caller === caller && call.number < number) calls.delete(key);
  }

  /** What a call has come to that was answered before. */
  answerTo(caller: string, number: number): CallOutcome | undefined {
    return this.#answers.get(keyOf({ caller, number }))?.outcome;
  }

  /** The result of a call that the log has brought. */
  replayed(caller: string, number: number): string | undefined {
    return this.#replayed.get(keyOf({ caller, number }))?.id;
  }

  /** Writes a call, whose result has this id. Rejects when somebody else has taken over. */
  async call(id: string, entry: Extract<LogEntry, { kind: "call" }>): Promise<void> {
    this.#places.set(id, await this.#write(entry));
  }

  /** A call has failed. */
  async failed(id: string, caller: string, number: number): Promise<void> {
    if (!this.#places.delete(id)) return;
    await this.#write({ kind: "failed", caller, number });
  }

  answered(answer: Answer): void {
    if (answer.number >= (this.#settled.get(answer.caller) ?? 0)) this.#answers.set(keyOf(answer), answer);
  }

  get answers(): Answer[] {
    return [...this.#answers.values()];
  }

  /** The number of the entries with the last of these calls, by the ids of their results. */
  placeOf(ids: readonly string[]): number | undefined {
    const places = ids.flatMap((id) => this.#places.get(id) ?? []);
    return places.length === 0 ? undefined : Math.max(...places);
  }

  /** What is in these calls is in a checkpoint that is kept: the log needs them no more. */
  async trim(ids: readonly string[], at: number): Promise<void> {
    for (const id of ids) this.#places.delete(id);
    await this.#store.trim(at);
  }

  #write(entry: LogEntry): Promise<number> {
    return new Promise((done, failed) => {
      this.#queue.push({ entry, done, failed });
      void this.#writeAll();
    });
  }

  /** Many that wait go together: each write takes the time of a round trip. */
  async #writeAll(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    while (this.#queue.length > 0) {
      const writing = this.#queue.splice(0, this.#nextCount());
      const at = this.#isFenced
        ? undefined
        : await this.#store.append(
            writing.map(({ entry }) => entry),
            this.#last,
          );
      if (at === undefined) {
        this.#isFenced = true;
        for (const { failed } of writing) failed(new Fenced("somebody else has taken over the actor"));
      } else {
        this.#last = at;
        for (const { done } of writing) done(at);
      }
    }
    this.#isWriting = false;
  }

  #nextCount(): number {
    let count = 0;
    for (let bytes = 0; count < this.#queue.length && count < mostEntries && bytes < mostBytes; count++) {
      const { entry } = this.#queue[count]!;
      bytes += 100;
      if (entry.kind === "call") for (const arg of entry.args) bytes += arg.byteLength;
    }
    return count;
  }
}

/** Somebody else has taken over. */
export class Fenced extends Error {}

const keyOf = ({ caller, number }: { caller: string; number: number }) => `${caller}.${number}`;
