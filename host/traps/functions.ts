import { cleanName, longestName } from "./clean-name.ts";
import { isLibrary, type Range } from "./source-map.ts";

/** Sections of a module, a kind of imports and exports, and a part of the section `name` (WebAssembly 2.0, 5 and 7.4). */
const sections = { custom: 0, import: 2, export: 7, code: 10 } as const;
const kinds = { function: 0, table: 1, memory: 2, global: 3 } as const;
const functionNames = 1;

/** A module chooses its names itself, and how many there are; no more are kept. */
const mostNames = 20_000;

export type FunctionName = { name: string; isLibrary: boolean };

/** Where the functions of a module are in its binary, and what they are called. */
export class Functions {
  #importCount = 0;
  #first = 0;
  #ends = new Uint32Array();
  readonly #names = new Map<number, string>();

  private constructor(bytes: Uint8Array) {
    const exported = new Map<number, string>();
    for (const reader = new Reader(bytes, 8); !reader.isAtEnd; ) {
      const id = reader.byte();
      const content = reader.part(reader.u32());
      if (id === sections.import) this.#readImports(content);
      else if (id === sections.export) readExports(content, exported);
      else if (id === sections.code) this.#readCode(content);
      else if (id === sections.custom && content.text() === "name") this.#readNames(content);
    }
    for (const [index, name] of exported) if (!this.#names.has(index)) this.#names.set(index, name);
  }

  /** Reads a module; undefined when it is none. */
  static parse(bytes: Uint8Array): Functions | undefined {
    try {
      return new Functions(bytes);
    } catch {
      return undefined;
    }
  }

  /** About what it takes in memory, in bytes. */
  get bytes(): number {
    return this.#ends.byteLength + this.#names.size * longestName;
  }

  /** The part of the binary that is a function's body, or all of it when the module has no such function. */
  rangeOf(index: number): Range {
    const body = index - this.#importCount;
    const end = this.#ends[body];
    if (end === undefined) return { start: 0, end: Number.POSITIVE_INFINITY };
    return { start: body === 0 ? this.#first : this.#ends[body - 1]!, end };
  }

  /** A function's name without the folders and files before it: `Array<String>#push`; else that of its export. */
  nameOf(index: number): FunctionName | undefined {
    const name = this.#names.get(index);
    if (name === undefined) return undefined;
    return { name: cleanName(name.replace(/[^<,|()\s]*\//g, "")), isLibrary: isLibrary(name) };
  }

  #readImports(reader: Reader): void {
    for (let left = reader.u32(); left > 0; left--) {
      reader.skip(reader.u32());
      reader.skip(reader.u32());
      const kind = reader.byte();
      if (kind === kinds.function) {
        this.#importCount++;
        reader.u32();
      } else if (kind === kinds.global) {
        reader.skip(2);
      } else {
        if (kind === kinds.table) reader.byte();
        const hasMost = (reader.byte() & 1) === 1;
        reader.u32();
        if (hasMost) reader.u32();
      }
    }
  }

  #readCode(reader: Reader): void {
    const ends: number[] = [];
    const count = reader.u32();
    this.#first = reader.position;
    while (ends.length < count) {
      reader.skip(reader.u32());
      ends.push(reader.position);
    }
    this.#ends = Uint32Array.from(ends);
  }

  /** No engine looks at this section: what is wrong with it costs only the names that follow. */
  #readNames(reader: Reader): void {
    try {
      while (!reader.isAtEnd) {
        const id = reader.byte();
        const content = reader.part(reader.u32());
        if (id !== functionNames) continue;
        for (let left = content.u32(); left > 0 && this.#names.size < mostNames; left--) {
          this.#names.set(content.u32(), content.text());
        }
      }
    } catch {}
  }
}

function readExports(reader: Reader, names: Map<number, string>): void {
  for (let left = reader.u32(); left > 0 && names.size < mostNames; left--) {
    const name = reader.text();
    const kind = reader.byte();
    const index = reader.u32();
    if (kind === kinds.function) names.set(index, name);
  }
}

/** Reads numbers and names of a binary one after the other; throws at its end. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  position: number;

  constructor(bytes: Uint8Array, position: number, end = bytes.byteLength) {
    this.#bytes = bytes;
    this.#end = end;
    this.position = position;
  }

  get isAtEnd(): boolean {
    return this.position >= this.#end;
  }

  skip(count: number): number {
    const from = this.position;
    if (count > this.#end - from) throw new RangeError(`it ends before ${from + count}`);
    this.position += count;
    return from;
  }

  byte(): number {
    return this.#bytes[this.skip(1)]!;
  }

  /** A number in LEB128. */
  u32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80 || shift >= 28) return value >>> 0;
    }
  }

  part(count: number): Reader {
    const from = this.skip(count);
    return new Reader(this.#bytes, from, this.position);
  }

  /** A name, or as much of it as is ever shown. */
  text(): string {
    const count = this.u32();
    const from = this.skip(count);
    return new TextDecoder().decode(this.#bytes.subarray(from, from + Math.min(count, 2 * longestName)));
  }
}
