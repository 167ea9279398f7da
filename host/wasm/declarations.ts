import { ByteReader } from "../../scheduler/wasm/byte-reader.ts";
import { signed, unsigned } from "../../scheduler/wasm/leb128.ts";
import { externalKinds, sectionIds, valueTypes, type WasmModule } from "../../scheduler/wasm/module.ts";
import { unsupported } from "../../scheduler/wasm/reject.ts";
import { rewriteElements } from "./elements.ts";
import { fuelBudget } from "./fuel.ts";
import type { Helpers } from "./helper-list.ts";
import { type HelperType, helperTypes } from "./helpers.ts";
import { type Layout, moved } from "./layout.ts";
import {
  checkImport,
  globalExport,
  hostModule,
  keepExport,
  memoryImport,
  nextUsedExport,
  outOfMemoryExport,
  restoreExport,
} from "./reserved.ts";
import { copiesOf, mutableGlobals } from "./restore.ts";
import { joined, nameBytes, Renumbering, withItems } from "./sections.ts";
import { limitTables } from "./tables.ts";

export type DeclarationsRewrite = {
  module: WasmModule;
  layout: Layout;
  helpers: Helpers;
  isPreempted: boolean;
  tableEntries: number;
  hasActors: boolean;
};

/** The new contents of sections, by their number. What is not there stays as it is, and undefined goes. */
export type Declarations = ReadonlyMap<number, Uint8Array | undefined>;

const [functionKind, memoryKind, globalKind] = (["function", "memory", "global"] as const).map((kind) =>
  externalKinds.indexOf(kind),
) as [number, number, number];

const numberTypes = new Set<number>([valueTypes.i32, valueTypes.i64, valueTypes.f32, valueTypes.f64]);

const helperTypeNames = Object.keys(helperTypes) as HelperType[];

/** Rewrites all that a module declares. @throws WasmError */
export function rewriteDeclarations(rewrite: DeclarationsRewrite): Declarations {
  const { module, layout, helpers, tableEntries } = rewrite;
  const { sections, types, bytes } = module;
  const { type, function: functions, table, memory, start, element } = sectionIds;
  const typeIndex = (name: HelperType) => types.length + helperTypeNames.indexOf(name);
  const typeItems = helperTypeNames.map((name) => {
    const [params, results] = helperTypes[name];
    return [0x60, params.length, ...params, results.length, ...results];
  });

  const contents = new Map<number, Uint8Array | undefined>([
    [type, withItems(module, type, typeItems)],
    [sectionIds.import, withItems(module, sectionIds.import, imports(rewrite, typeIndex("check")))],
    [
      functions,
      withItems(
        module,
        functions,
        helpers.types.map((name) => unsigned(typeIndex(name))),
      ),
    ],
    [memory, undefined],
    [sectionIds.global, globals(rewrite)],
    [sectionIds.export, exports(rewrite)],
  ]);
  if (sections.has(table)) {
    const items = limitTables(module.tables, tableEntries);
    contents.set(table, joined(unsigned(items.length), ...items));
  }
  if (module.start !== undefined) contents.set(start, Uint8Array.from(unsigned(moved(layout, module.start))));
  const elements = sections.get(element);
  if (elements !== undefined) contents.set(element, rewriteElements(bytes, elements, layout));
  return contents;
}

function imports({ module, isPreempted }: DeclarationsRewrite, checkType: number): number[][] {
  const items: number[][] = [];
  const [memory] = module.memories;
  if (memory !== undefined) {
    // The engine wants a shared memory to have no larger maximum than is declared, and another to have any.
    const limits = memory.isShared
      ? [3, ...unsigned(memory.initial), ...unsigned(memory.maximum!)]
      : [0, ...unsigned(memory.initial)];
    items.push([...nameBytes(hostModule), ...nameBytes(memoryImport), memoryKind, ...limits]);
  }
  if (isPreempted) {
    items.push([...nameBytes(hostModule), ...nameBytes(checkImport), functionKind, ...unsigned(checkType)]);
  }
  return items;
}

/** The module's own globals, then the host's: fuel, whether memory ran out, and copies. */
function globals({ module, layout, isPreempted }: DeclarationsRewrite): Uint8Array {
  const added = [
    ...(isPreempted ? [mutableNumber(fuelBudget)] : []),
    ...(module.memories.length > 0 ? [mutableNumber(0)] : []),
    ...copiesOf(module),
  ];
  const id = sectionIds.global;
  const section = module.sections.get(id);
  if (section === undefined) return withItems(module, id, added);
  const reader = new ByteReader(module.bytes, section.start, section.end);
  const count = reader.count();
  const renumbering = new Renumbering(module.bytes, layout, reader.offset);
  for (const { init } of module.globals) {
    renumbering.constant(new ByteReader(module.bytes, init!.start, init!.end));
  }
  return joined(unsigned(count + added.length), renumbering.finish(section.end), ...added);
}

/** A global that is an i32: its type, and its first value as an expression. */
const mutableNumber = (value: number): number[] => [valueTypes.i32, 1, 0x41, ...signed(value), 0x0b];

function exports({ module, layout, helpers, hasActors }: DeclarationsRewrite): Uint8Array {
  const own = module.exports.map(({ name, kind, index }) => {
    const now = kind === "function" ? moved(layout, index) : index;
    return [...nameBytes(name), externalKinds.indexOf(kind), ...unsigned(now)];
  });
  const added = [
    [...nameBytes(keepExport), functionKind, ...unsigned(helpers.keep)],
    [...nameBytes(restoreExport), functionKind, ...unsigned(helpers.restore)],
  ];
  if (module.memories.length > 0) {
    added.push([...nameBytes(outOfMemoryExport), globalKind, ...unsigned(layout.outOfMemory)]);
  }
  if (hasActors) {
    added.push([...nameBytes(nextUsedExport), functionKind, ...unsigned(helpers.nextUsed)]);
    for (const [nth, index] of mutableGlobals(module).entries()) {
      if (!numberTypes.has(module.globals[index]!.type))
        throw unsupported("a global that changes and is no number, in a module with actors");
      added.push([...nameBytes(globalExport(nth)), globalKind, ...unsigned(index)]);
    }
  }
  return joined(unsigned(own.length + added.length), ...own, ...added);
}
