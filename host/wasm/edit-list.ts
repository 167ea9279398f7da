import type { ByteWriter } from "./byte-writer.ts";
import type { OffsetsBuilder } from "./offsets.ts";

/** What lies from `at` to `until` becomes `bytes`. */
export type Edit = { readonly at: number; readonly until: number; bytes: readonly number[] };

/** What is put in at `at`. */
export type Insertion = { at: number; bytes: readonly number[] };

/** The changes to a part of a binary, in the order of their places. */
export class EditList {
  readonly #edits: Edit[] = [];

  clear(): void {
    this.#edits.length = 0;
  }

  /** Adds an edit behind those before. What it puts in may still be decided later. */
  add(at: number, until: number, bytes: readonly number[] = []): Edit {
    const edit = { at, until, bytes };
    this.#edits.push(edit);
    return edit;
  }

  /** How much longer the part gets. */
  get growth(): number {
    let growth = 0;
    for (const { at, until, bytes } of this.#edits) growth += bytes.length - (until - at);
    return growth;
  }

  /**
   * Writes what lies from `start` to `end` in `bytes`, edited.
   * @param insertions go before an edit at the same place
   */
  write(
    bytes: Uint8Array,
    { start, end }: { start: number; end: number },
    insertions: readonly Insertion[],
    { output, offsets }: { output: ByteWriter; offsets: OffsetsBuilder },
  ): void {
    let from = start;
    let hasRun = false;
    let next = 0;
    const upTo = (at: number) => {
      if (at === from) return;
      if (!hasRun) offsets.run(output.length, from);
      output.copy(bytes, from, at);
      from = at;
      hasRun = true;
    };
    const insertUpTo = (at: number) => {
      for (; next < insertions.length && insertions[next]!.at <= at; next++) {
        upTo(insertions[next]!.at);
        offsets.run(output.length, from);
        output.append(insertions[next]!.bytes);
        hasRun = false;
      }
    };
    for (const { at, until, bytes: replacement } of this.#edits) {
      insertUpTo(at);
      upTo(at);
      // What keeps its length moves nothing behind it: the run goes on.
      const isSameLength = replacement.length === until - at;
      if (!hasRun || !isSameLength) offsets.run(output.length, at);
      output.append(replacement);
      hasRun = isSameLength;
      from = until;
    }
    insertUpTo(end);
    upTo(end);
  }
}
