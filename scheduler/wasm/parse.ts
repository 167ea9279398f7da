import { ByteReader } from "./byte-reader.ts";
import { type CustomSection, type Section, sectionIds, type WasmModule } from "./module.ts";
import { malformed, rejecting, unsupported } from "./reject.ts";
import { Declarations } from "./sections.ts";

const magic = [0x00, 0x61, 0x73, 0x6d];
const version = [0x01, 0x00, 0x00, 0x00];

/** The order in which sections stand. Custom ones stand anywhere. */
export const sectionOrder: readonly number[] = [
  sectionIds.type,
  sectionIds.import,
  sectionIds.function,
  sectionIds.table,
  sectionIds.memory,
  sectionIds.tag,
  sectionIds.global,
  sectionIds.export,
  sectionIds.start,
  sectionIds.element,
  sectionIds.dataCount,
  sectionIds.code,
  sectionIds.data,
];

/**
 * Reads what a binary declares: everything but its code and its segments, which a host reads when it rewrites them.
 * Whether the whole is valid is for the engine to say, when it is compiled.
 *
 * Source: WebAssembly core specification 2.0, section 5 (binary format), and the proposals for threads, tail calls
 * and exceptions as V8 11.3 has them.
 * @param source what to call the module in errors
 * @throws ModuleRejectedError when it is broken, or uses what no host runs
 */
export function parseModule(bytes: Uint8Array<ArrayBuffer>, source = "the module"): WasmModule {
  return rejecting(source, () => {
    const reader = new ByteReader(bytes);
    for (const byte of magic) {
      if (reader.u8() !== byte) throw malformed(0, 'it does not begin with "\\0asm"');
    }
    for (const byte of version) {
      if (reader.u8() !== byte) throw unsupported("a version of the binary format other than 1");
    }
    const sections = new Map<number, Section>();
    const customs: CustomSection[] = [];
    const declarations = new Declarations();
    let position = -1;
    while (!reader.isAtEnd) {
      const idAt = reader.offset;
      const id = reader.u8();
      const content = reader.sized();
      const { offset: start, end } = content;
      if (id === sectionIds.custom) {
        const name = content.name();
        customs.push({ name, at: idAt, start: content.offset, end });
        continue;
      }
      const next = sectionOrder.indexOf(id);
      if (next < 0) throw malformed(idAt, `an unknown section ${id}`);
      if (next <= position) throw malformed(idAt, `section ${id} out of order`);
      position = next;
      sections.set(id, { id, start, end });
      declarations.read(id, content);
    }
    declarations.check();
    return { bytes, sections, customs, ...declarations.all };
  });
}

/** The first custom section of this name. */
export function customSection({ bytes, customs }: WasmModule, name: string): Uint8Array | undefined {
  const section = customs.find((each) => each.name === name);
  return section && bytes.subarray(section.start, section.end);
}
