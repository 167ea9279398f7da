import { unsignedLength } from "../../scheduler/wasm/leb128.ts";
import type { ByteWriter } from "./byte-writer.ts";
import type { OffsetsBuilder } from "./offsets.ts";

/** What is put in at `at`. */
export type Insertion = { at: number; bytes: readonly number[] };

const none: readonly number[] = [];

/**
 * The changes to a part of a binary, in the order of their places, each by its number. They are kept in lists that are
 * used again, since large modules have a million.
 */
export class EditList {
  #count = 0;
  #growth = 0;
  readonly #at: number[] = [];
  readonly #until: number[] = [];
  /** What takes the place of what lies from `at` to `until`; or undefined for a number, which stays behind `kept`. */
  readonly #bytes: (readonly number[] | undefined)[] = [];
  readonly #kept: number[] = [];
  readonly #number: number[] = [];

  clear(): void {
    this.#count = 0;
    this.#growth = 0;
  }

  /** What lies from `at` to `until` becomes `bytes`, which may still be decided by `decide`. */
  add(at: number, until: number, bytes: readonly number[] = none): number {
    this.#growth += bytes.length - (until - at);
    return this.#push(at, until, bytes, 0, 0);
  }

  decide(edit: number, bytes: readonly number[]): void {
    this.#growth += bytes.length - this.#bytes[edit]!.length;
    this.#bytes[edit] = bytes;
  }

  /** What lies from `numberAt` to `until` of an instruction becomes this number. */
  renumber(at: number, numberAt: number, until: number, number: number): void {
    this.#growth += unsignedLength(number) - (until - numberAt);
    this.#push(at, until, undefined, numberAt, number);
  }

  /** Where an edit begins and ends. */
  place(edit: number): [at: number, until: number] {
    return [this.#at[edit]!, this.#until[edit]!];
  }

  /** How much longer the part gets. */
  get growth(): number {
    return this.#growth;
  }

  /**
   * Writes what lies from `start` to `end` in `source`, edited.
   * @param insertions go before an edit at the same place
   */
  write(
    source: Uint8Array,
    start: number,
    end: number,
    insertions: readonly Insertion[],
    { output, offsets }: { output: ByteWriter; offsets: OffsetsBuilder },
  ): void {
    let from = start;
    let hasRun = false;
    let next = 0;
    for (let edit = 0; edit <= this.#count; edit++) {
      const at = edit < this.#count ? this.#at[edit]! : end;
      for (; next < insertions.length && insertions[next]!.at <= at; next++) {
        const { at: insertionAt, bytes } = insertions[next]!;
        if (insertionAt > from) {
          if (!hasRun) offsets.run(output.length, from);
          output.copy(source, from, insertionAt);
          from = insertionAt;
        }
        offsets.run(output.length, from);
        output.append(bytes);
        hasRun = false;
      }
      if (at > from) {
        if (!hasRun) offsets.run(output.length, from);
        output.copy(source, from, at);
        hasRun = true;
      }
      if (edit === this.#count) return;
      const until = this.#until[edit]!;
      const bytes = this.#bytes[edit];
      const before = output.length;
      if (bytes === undefined) {
        output.copy(source, at, this.#kept[edit]!);
        output.u32(this.#number[edit]!);
      } else {
        output.append(bytes);
      }
      // What keeps its length moves nothing behind it: the run goes on.
      const isSameLength = output.length - before === until - at;
      if (!hasRun || !isSameLength) offsets.run(before, at);
      hasRun = isSameLength;
      from = until;
    }
  }

  #push(
    at: number,
    until: number,
    bytes: readonly number[] | undefined,
    kept: number,
    number: number,
  ): number {
    const edit = this.#count++;
    this.#at[edit] = at;
    this.#until[edit] = until;
    this.#bytes[edit] = bytes;
    this.#kept[edit] = kept;
    this.#number[edit] = number;
    return edit;
  }
}
