import { malformed } from "../../scheduler/wasm/reject.ts";

/** The blocks that are open where code is read. Some are put into other blocks, whose labels are added. */
export class Labels<T> {
  #depth = 0;
  /** Of each open block, from the outermost, how many labels were added up to it, also around itself. */
  readonly #added: number[] = [];
  readonly #notes: (T | undefined)[] = [];

  clear(): void {
    this.#depth = 0;
  }

  get hasAdded(): boolean {
    return this.#upTo(this.#depth - 1) > 0;
  }

  /**
   * @param note is what `close` returns
   * @param added how many labels are put around it
   */
  open(note?: T, added = 0): void {
    const depth = this.#depth++;
    this.#added[depth] = this.#upTo(depth - 1) + added;
    this.#notes[depth] = note;
  }

  /** Ends the innermost block. */
  close(): T | undefined {
    return this.#notes[--this.#depth];
  }

  /**
   * The label that a branch at `at` needs now, which needed `label` before: so many blocks outwards, the innermost
   * being 0. What led to a block still does, and not to what was put around it.
   */
  now(label: number, at: number): number {
    if (label > this.#depth) throw malformed(at, `no label ${label}`);
    const innermost = this.#depth - 1;
    return label + this.#upTo(innermost) - this.#upTo(innermost - label);
  }

  #upTo(block: number): number {
    return block < 0 ? 0 : this.#added[block]!;
  }
}
