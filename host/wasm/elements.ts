import { ByteReader } from "../../scheduler/wasm/byte-reader.ts";
import { isReferenceType, type Section } from "../../scheduler/wasm/module.ts";
import { malformed, unsupported } from "../../scheduler/wasm/reject.ts";
import type { Layout } from "./layout.ts";
import { Renumbering } from "./sections.ts";

/**
 * The content of the element section, with its functions renumbered. Each segment begins with flags: 1 says passive or
 * declared, else it has an offset; 2 says that a table is named, or for the former that it is declared; 4 says that
 * elements are expressions and no indices.
 *
 * Source: WebAssembly core specification 2.0, section 5.5.12.
 */
export function rewriteElements(bytes: Uint8Array, { start, end }: Section, layout: Layout): Uint8Array {
  const reader = new ByteReader(bytes, start, end);
  const renumbering = new Renumbering(bytes, layout, start);
  reader.list(() => {
    const at = reader.offset;
    const flags = reader.u32();
    if (flags > 7) throw malformed(at, `an element segment of kind ${flags}`);
    const [isActive, isNamed, hasExpressions] = [(flags & 1) === 0, (flags & 2) !== 0, (flags & 4) !== 0];
    if (isActive && isNamed) reader.u32();
    if (isActive) renumbering.constant(reader);
    if (!isActive || isNamed) elementType(reader, hasExpressions);
    reader.list(() => {
      if (hasExpressions) return renumbering.constant(reader);
      const indexAt = reader.offset;
      renumbering.index(indexAt, reader.u32(), reader.offset);
    });
  });
  reader.expectEnd("the section of elements");
  return renumbering.finish(end);
}

function elementType(reader: ByteReader, hasExpressions: boolean): void {
  const type = reader.u8();
  if (hasExpressions ? isReferenceType(type) : type === 0) return;
  throw unsupported(`an element segment of type 0x${type.toString(16)} at byte ${reader.offset - 1}`);
}
