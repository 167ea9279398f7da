import { malformed } from "../../scheduler/wasm/reject.ts";

/** The blocks that are open where code is read. Some are put into other blocks, whose labels are added. */
export class Labels<T> {
  /** Of each open block, from the outermost, how many labels were added up to it, also around itself. */
  readonly #added: number[] = [];
  readonly #notes: (T | undefined)[] = [];

  clear(): void {
    this.#added.length = this.#notes.length = 0;
  }

  get hasAdded(): boolean {
    return (this.#added.at(-1) ?? 0) > 0;
  }

  /**
   * @param note is what `close` returns
   * @param added how many labels are put around it
   */
  open(note?: T, added = 0): void {
    this.#added.push((this.#added.at(-1) ?? 0) + added);
    this.#notes.push(note);
  }

  /** Ends the innermost block. */
  close(): T | undefined {
    this.#added.pop();
    return this.#notes.pop();
  }

  /**
   * The label that a branch at `at` needs now, which needed `label` before: so many blocks outwards, the innermost
   * being 0. What led to a block still does, and not to what was put around it.
   */
  now(label: number, at: number): number {
    const depth = this.#added.length;
    if (label > depth) throw malformed(at, `no label ${label}`);
    const target = depth - 1 - label;
    return label + (this.#added[depth - 1] ?? 0) - (this.#added[target] ?? 0);
  }
}
