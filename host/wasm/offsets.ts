/**
 * How positions in a prepared binary correspond to those in the original, as plain data, so that it goes to a worker.
 * Runs of code begin at `rewritten`, ascending, and were at `original`, or nowhere when the host wrote them.
 */
export type Offsets = {
  rewritten: Uint32Array;
  original: Uint32Array;
  /** Functions of this index and above have been moved up by `movedBy`. */
  firstMoved: number;
  movedBy: number;
  /** How many functions the original has, imported ones included. */
  functionCount: number;
};

/** Stands in `original` for code of the host. */
const nowhere = 0xffff_ffff;

/**
 * Where in the original a byte of a prepared module's code comes from; both count from the start of the module, as in
 * the stacks that V8 prints. For what was inserted into a function it is where that was done.
 * @returns undefined for a function of the host, and for what is no code
 */
export function originalOffset({ rewritten, original }: Offsets, offset: number): number | undefined {
  let [low, high] = [0, rewritten.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rewritten[middle]! <= offset) low = middle + 1;
    else high = middle;
  }
  const run = low - 1;
  const start = original[run];
  if (start === undefined || start === nowhere) return;
  // What was inserted, or took the place of something, stays before the next run.
  const next = original[low] ?? nowhere;
  return Math.min(start + offset - rewritten[run]!, next === nowhere ? nowhere : Math.max(next - 1, start));
}

/** The index that a function had in the original. @returns undefined for a function of the host */
export function originalFunctionIndex(
  { firstMoved, movedBy, functionCount }: Offsets,
  index: number,
): number | undefined {
  const original = index < firstMoved ? index : index - movedBy;
  const isOurs = original >= functionCount || (index >= firstMoved && original < firstMoved);
  return isOurs ? undefined : original;
}

/** Collects the runs while code is written. */
export class OffsetsBuilder {
  readonly #rewritten: number[] = [];
  readonly #original: number[] = [];

  /** From `rewritten` on comes what was at `original`. */
  run(rewritten: number, original: number): void {
    this.#rewritten.push(rewritten);
    this.#original.push(original);
  }

  /** From `rewritten` on comes code of the host. */
  own(rewritten: number): void {
    this.run(rewritten, nowhere);
  }

  /** @param base where the first byte of what was written stands in the module */
  build(base: number): Pick<Offsets, "rewritten" | "original"> {
    const rewritten = new Uint32Array(this.#rewritten);
    for (let run = 0; run < rewritten.length; run++) rewritten[run]! += base;
    return { rewritten, original: new Uint32Array(this.#original) };
  }
}
