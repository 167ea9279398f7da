import { ByteReader } from "../../scheduler/wasm/byte-reader.ts";
import { skipConstant } from "../../scheduler/wasm/constant.ts";
import { unsigned } from "../../scheduler/wasm/leb128.ts";
import type { WasmModule } from "../../scheduler/wasm/module.ts";
import { malformed } from "../../scheduler/wasm/reject.ts";
import { type Layout, moved } from "./layout.ts";

const utf8 = new TextEncoder();

/** A name as it stands in a binary. */
export const nameBytes = (name: string): number[] => {
  const bytes = utf8.encode(name);
  return [...unsigned(bytes.length), ...bytes];
};

/** The content of a section: what it had, and these items behind. */
export function withItems(module: WasmModule, id: number, added: readonly (readonly number[])[]): Uint8Array {
  const section = module.sections.get(id);
  const had = section && new ByteReader(module.bytes, section.start, section.end);
  const hadCount = had?.count() ?? 0;
  const items = had === undefined ? [] : module.bytes.subarray(had.offset, had.end);
  return joined(unsigned(hadCount + added.length), items, ...added);
}

export function joined(...parts: readonly ArrayLike<number>[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Part of a binary, with the functions that it names by the indices that they have now. */
export class Renumbering {
  readonly #bytes: Uint8Array;
  readonly #layout: Layout;
  readonly #parts: ArrayLike<number>[] = [];
  #from: number;

  constructor(bytes: Uint8Array, layout: Layout, start: number) {
    this.#bytes = bytes;
    this.#layout = layout;
    this.#from = start;
  }

  /** A function's index, which stands at `at` and ends at `end`. */
  index(at: number, index: number, end: number): void {
    // It would name what the host adds behind the module's own functions.
    if (index >= this.#layout.functionCount) throw malformed(at, `no function ${index}`);
    this.#parts.push(this.#bytes.subarray(this.#from, at), unsigned(moved(this.#layout, index)));
    this.#from = end;
  }

  /** A constant expression. */
  constant(reader: ByteReader): void {
    skipConstant(reader, (at, index) => this.index(at, index, reader.offset));
  }

  finish(end: number): Uint8Array {
    return joined(...this.#parts, this.#bytes.subarray(this.#from, end));
  }
}
