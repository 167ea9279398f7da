import type { Instruction } from "./instruction.ts";
import { op } from "./opcodes.ts";

const lineBytes = 64;

/**
 * Which loads find what they want in the cache, since the same stretch of code has loaded something beside it: the
 * fields of an object. Known are only those whose address is a local variable, and that has not been set in between.
 */
export class Lines {
  /** By local variable, where from it on something was loaded last. */
  readonly #offsets = new Map<number, number>();
  #stretch = -1;
  /** The local variable on top of the stack, or −1. */
  #top = -1;

  clear(): void {
    this.#offsets.clear();
    this.#stretch = -1;
    this.#top = -1;
  }

  /** Takes note of an instruction in this stretch, and says whether it is a load from a line that was loaded before. */
  isKnown({ opcode, index, offset }: Instruction, stretch: number): boolean {
    const base = this.#top;
    this.#top = opcode === op.localGet ? index : -1;
    if (stretch !== this.#stretch) {
      this.#offsets.clear();
      this.#stretch = stretch;
    }
    if (opcode === op.localSet || opcode === op.localTee) this.#offsets.delete(index);
    if (base < 0 || opcode < op.firstLoad || opcode > op.lastLoad) return false;
    const known = this.#offsets.get(base);
    if (known !== undefined && Math.abs(offset - known) < lineBytes) return true;
    this.#offsets.set(base, offset);
    return false;
  }
}
