import { ByteReader } from "./byte-reader.ts";
import type { WasmModule } from "./module.ts";
import { customSection } from "./parse.ts";
import { WasmError } from "./reject.ts";

/** What the section `name` calls things: it is for people, and nothing depends on it. */
export type Names = {
  module?: string;
  /** By the index of a function. */
  functions: Map<number, string>;
  /** By the index of a function, then of a parameter or local variable. */
  locals: Map<number, Map<number, string>>;
};

export const nameSection = "name";

/** Parts of the section by their number. */
export const nameParts = { module: 0, functions: 1, locals: 2 } as const;

/** The names in a module. From where its section is broken on, there are none. */
export function readNames(module: WasmModule): Names {
  const names: Names = { functions: new Map(), locals: new Map() };
  const section = customSection(module, nameSection);
  if (section === undefined) return names;
  try {
    readParts(new ByteReader(section), names);
  } catch (error) {
    if (!(error instanceof WasmError)) throw error;
  }
  return names;
}

function readParts(reader: ByteReader, names: Names): void {
  while (!reader.isAtEnd) {
    const id = reader.u8();
    const part = reader.sized();
    if (id === nameParts.module) names.module = part.name();
    if (id === nameParts.functions) readMap(part, names.functions);
    if (id === nameParts.locals) {
      part.list(() => {
        const locals = new Map<number, string>();
        names.locals.set(part.u32(), locals);
        readMap(part, locals);
      });
    }
  }
}

function readMap(reader: ByteReader, map: Map<number, string>): void {
  reader.list(() => {
    map.set(reader.u32(), reader.name());
  });
}
