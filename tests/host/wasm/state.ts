import { joined, nameBytes, withItems } from "../../../host/wasm/sections.ts";
import { unsigned } from "../../../scheduler/wasm/leb128.ts";
import { externalKinds, sectionIds } from "../../../scheduler/wasm/module.ts";
import { parseModule, sectionOrder } from "../../../scheduler/wasm/parse.ts";
import type { Prepared } from "./prepared.ts";

const prefix = "state ";

/** The same module, with all of its globals and tables exported, so that a test can look at them. */
export function opened(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const module = parseModule(bytes);
  const items = (["global", "table"] as const).flatMap((kind) =>
    module[`${kind}s`].map((_, index) => [
      ...nameBytes(`${prefix}${kind} ${index}`),
      externalKinds.indexOf(kind),
      ...unsigned(index),
    ]),
  );
  const sections = sectionOrder.flatMap((id) => {
    const section = module.sections.get(id);
    if (section === undefined && id !== sectionIds.export) return [];
    const content =
      id === sectionIds.export ? withItems(module, id, items) : bytes.subarray(section!.start, section!.end);
    return [[id], unsigned(content.length), content];
  });
  return Uint8Array.from(joined(bytes.subarray(0, 8), ...sections));
}

/** What an instance of an opened module holds: memory, globals and tables. Vectors can't be read. */
export function stateOf({ exports, memory }: Prepared): { memory: Buffer; others: unknown[] } {
  const others = Object.entries(exports).flatMap(([name, value]) => {
    if (!name.startsWith(prefix)) return [];
    if (value instanceof WebAssembly.Table) {
      return [name, value.length, ...Array.from({ length: value.length }, (_, index) => value.get(index))];
    }
    return [name, readGlobal(value as unknown as WebAssembly.Global)];
  });
  return { memory: Buffer.from(memory?.buffer.slice(0) ?? new ArrayBuffer(0)), others };
}

function readGlobal(global: WebAssembly.Global): unknown {
  try {
    return global.value;
  } catch {
    return "a vector";
  }
}
