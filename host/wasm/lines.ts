const lineBytes = 64;

/**
 * Which loads find what they want in the cache, since the same stretch of code has loaded something beside it: the
 * fields of an object. Known are only those whose address is a local variable, and that has not been set in between.
 */
export class Lines {
  /** By local variable, where from it on something was loaded first. */
  readonly #offsets = new Map<number, number>();
  #stretch = -1;
  /** The last local variable that was put on the stack, and where the instruction that did it ends. */
  #local = -1;
  #localEnd = -1;

  clear(): void {
    this.#offsets.clear();
    this.#stretch = -1;
    this.#localEnd = -1;
  }

  /** A local variable is put on the stack by an instruction that ends at `end`. */
  get(local: number, end: number): void {
    this.#local = local;
    this.#localEnd = end;
  }

  /** A local variable is set. */
  set(local: number): void {
    this.#offsets.delete(local);
  }

  /** Takes note of a load, and says whether it is from a line that was loaded before. */
  isKnown(at: number, offset: number, stretch: number): boolean {
    if (stretch !== this.#stretch) {
      this.#offsets.clear();
      this.#stretch = stretch;
    }
    if (at !== this.#localEnd) return false;
    const known = this.#offsets.get(this.#local);
    if (known !== undefined && Math.abs(offset - known) < lineBytes) return true;
    this.#offsets.set(this.#local, offset);
    return false;
  }
}
