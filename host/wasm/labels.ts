import { malformed } from "../../scheduler/wasm/reject.ts";

/** The blocks that are open where code is read, some of them loops that were made two: each adds a label. */
export class Labels {
  /** Of each open block, from the outermost, how many loops up to it were split, itself included. */
  readonly #splits: number[] = [];

  begin(): void {
    this.#splits.length = 0;
  }

  get hasSplit(): boolean {
    return (this.#splits.at(-1) ?? 0) > 0;
  }

  open(isSplit: boolean): void {
    this.#splits.push((this.#splits.at(-1) ?? 0) + (isSplit ? 1 : 0));
  }

  /** Ends the innermost block. @returns whether it was a loop that was split */
  close(): boolean {
    const splits = this.#splits.pop()!;
    return splits > (this.#splits.at(-1) ?? 0);
  }

  /**
   * The label that a branch needs now, which needed `label` before: so many blocks outwards, the innermost being 0. To
   * a loop itself, it leads to the inner of its two.
   */
  now(label: number, at: number): number {
    const depth = this.#splits.length;
    if (label > depth) throw malformed(at, `no label ${label}`);
    const target = depth - 1 - label;
    return label + (this.#splits[depth - 1] ?? 0) - (this.#splits[target] ?? 0);
  }
}
