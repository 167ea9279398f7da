import type { Export } from "../../scheduler/wasm/module.ts";
import { op } from "./opcodes.ts";

/**
 * Instructions that change nothing but local variables and the stack, which end with their function. This lists what
 * may be there, not what may not: an instruction that is not known here is taken to change something. Among these are
 * all stores and atomics, instructions that change tables, segments or the size of memory, `global.set`, calls through
 * tables, which may end anywhere, and exceptions, which take objects of the engine along.
 */
const harmless = new Uint8Array(0x400);

const declare = (...ranges: (number | readonly [first: number, last: number])[]) => {
  for (const range of ranges) {
    const [first, last] = typeof range === "number" ? [range, range] : range;
    harmless.fill(1, first, last + 1);
  }
};

declare([0x00, 0x01], [op.block, op.else], [op.end, op.brTable], 0x0f, [0x1a, 0x1c]);
declare([op.localGet, op.globalGet], [op.firstLoad, op.lastLoad], 0x3f, [0x41, 0xc4], [0x100, 0x107]);
// Vectors, without v128.store and v128.store8_lane to v128.store64_lane.
declare([0x200, 0x20a], [0x20c, 0x257], [0x25c, 0x2ff]);

/**
 * Finds the functions of a module that are stateless: however often they are called, with whatever they are called,
 * they leave memory, globals, tables and segments as they were. They consist of harmless instructions, and of calls of
 * functions that do so, too; recursion is no obstacle. Nothing that the module says of itself is believed.
 *
 * Such a call may trap, run out of fuel or out of stack anywhere: at no instruction has anything been changed. It may
 * read what is there, so the instance must be as it was when it was new. The checks that the host inserts do change
 * the global that counts fuel. No code of the module can name that global, and all that depends on it is when the host
 * is asked; the answer, to go on or to trap, tells nothing of it.
 */
export class StatelessFunctions {
  /** By function: a function that has not been read, such as an imported one, is not believed to be stateless. */
  readonly #isStateful: Uint8Array;
  /** By function: those that call it, as far as nothing else makes them stateful. */
  readonly #callers = new Map<number, number[]>();
  #function = 0;

  constructor(functionCount: number) {
    this.#isStateful = new Uint8Array(functionCount).fill(1);
  }

  /** The instructions that follow are those of this function. */
  begin(functionIndex: number): void {
    this.#function = functionIndex;
    this.#isStateful[functionIndex] = 0;
  }

  /** @param index the first immediate of the instruction */
  read(opcode: number, index: number): void {
    if (this.#isStateful[this.#function] === 1) return;
    if (opcode === op.call || opcode === op.returnCall) {
      const callers = this.#callers.get(index);
      if (callers === undefined) this.#callers.set(index, [this.#function]);
      else if (callers.at(-1) !== this.#function) callers.push(this.#function);
    } else if (harmless[opcode] === 0) {
      this.#isStateful[this.#function] = 1;
    }
  }

  /** The names under which stateless functions are exported, once all have been read. */
  names(exports: readonly Export[]): string[] {
    const stateful = [...this.#isStateful.keys()].filter((index) => this.#isStateful[index] === 1);
    // It grows meanwhile: who calls a stateful function is one.
    for (const callee of stateful) {
      for (const caller of this.#callers.get(callee) ?? []) {
        if (this.#isStateful[caller] === 1) continue;
        this.#isStateful[caller] = 1;
        stateful.push(caller);
      }
    }
    const isStateless = ({ kind, index }: Export) => kind === "function" && this.#isStateful[index] === 0;
    return exports.filter(isStateless).map(({ name }) => name);
  }
}
