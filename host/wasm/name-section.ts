import { ByteReader } from "../../scheduler/wasm/byte-reader.ts";
import { unsigned } from "../../scheduler/wasm/leb128.ts";
import type { WasmModule } from "../../scheduler/wasm/module.ts";
import { nameParts, nameSection } from "../../scheduler/wasm/names.ts";
import { customSection } from "../../scheduler/wasm/parse.ts";
import { WasmError } from "../../scheduler/wasm/reject.ts";
import type { Layout } from "./layout.ts";
import { joined, nameBytes, Renumbering } from "./sections.ts";

/**
 * The content of the section `name`: the names of the module and of its functions, which stand in traces. Other names
 * are for debuggers, and are dropped, as is the whole when it is broken.
 */
export function rewriteNames(module: WasmModule, layout: Layout): Uint8Array | undefined {
  const section = customSection(module, nameSection);
  if (section === undefined) return;
  try {
    const reader = new ByteReader(section);
    const parts: ArrayLike<number>[] = [nameBytes(nameSection)];
    while (!reader.isAtEnd) {
      const id = reader.u8();
      const part = reader.sized();
      const { offset, end } = part;
      if (id === nameParts.module) parts.push(sized(id, section.subarray(offset, end)));
      if (id === nameParts.functions) parts.push(sized(id, renumberNames(part, layout)));
    }
    return joined(...parts);
  } catch (error) {
    if (error instanceof WasmError) return;
    throw error;
  }
}

const sized = (id: number, content: Uint8Array): Uint8Array =>
  joined([id], unsigned(content.length), content);

function renumberNames(reader: ByteReader, layout: Layout): Uint8Array {
  const renumbering = new Renumbering(reader.bytes, layout, reader.offset);
  reader.list(() => {
    const at = reader.offset;
    renumbering.index(at, reader.u32(), reader.offset);
    reader.name();
  });
  return renumbering.finish(reader.end);
}
