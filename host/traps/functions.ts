import { ByteReader } from "../../scheduler/wasm/byte-reader.ts";
import { sectionIds, type WasmModule } from "../../scheduler/wasm/module.ts";
import { readNames } from "../../scheduler/wasm/names.ts";
import { parseModule } from "../../scheduler/wasm/parse.ts";
import { cleanName, longestName } from "./clean-name.ts";
import { isLibrary, type Range } from "./source-map.ts";

/** A module chooses its names itself, and how many there are; no more are kept. */
const mostNames = 20_000;

export type FunctionName = { name: string; isLibrary: boolean };

/** Where the functions of a module are in its binary, and what they are called. */
export class Functions {
  readonly #importCount: number;
  /** Where the first body begins, then where each ends. */
  readonly #bounds: Uint32Array;
  readonly #names: Map<number, string>;

  private constructor(module: WasmModule) {
    this.#importCount = module.importedFunctionCount;
    this.#bounds = boundsOf(module);
    this.#names = new Map([...readNames(module).functions].slice(0, mostNames));
    for (const { kind, index, name } of module.exports.slice(0, mostNames)) {
      if (kind === "function" && !this.#names.has(index)) this.#names.set(index, name);
    }
  }

  /** Reads a module; undefined when it is none. */
  static parse(bytes: Uint8Array<ArrayBuffer>): Functions | undefined {
    try {
      return new Functions(parseModule(bytes));
    } catch {
      return undefined;
    }
  }

  /** About what it takes in memory, in bytes. */
  get bytes(): number {
    return this.#bounds.byteLength + this.#names.size * longestName;
  }

  /** The part of the binary that is a function's body, or all of it when the module has no such function. */
  rangeOf(index: number): Range {
    const body = index - this.#importCount;
    const [start, end] = [this.#bounds[body], this.#bounds[body + 1]];
    return start === undefined || end === undefined
      ? { start: 0, end: Number.POSITIVE_INFINITY }
      : { start, end };
  }

  /** A function's name without the folders and files before it: `Array<String>#push`; else that of its export. */
  nameOf(index: number): FunctionName | undefined {
    const name = this.#names.get(index);
    if (name === undefined) return undefined;
    return { name: cleanName(name.replace(/[^<,|()\s]*\//g, "")), isLibrary: isLibrary(name) };
  }
}

function boundsOf({ bytes, sections }: WasmModule): Uint32Array {
  const code = sections.get(sectionIds.code);
  if (code === undefined) return new Uint32Array();
  const reader = new ByteReader(bytes, code.start, code.end);
  const count = reader.count();
  const bounds = new Uint32Array(count + 1);
  bounds[0] = reader.offset;
  for (let body = 1; body <= count; body++) {
    reader.skip(reader.u32());
    bounds[body] = reader.offset;
  }
  return bounds;
}
