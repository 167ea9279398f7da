import type { ByteReader } from "./byte-reader.ts";
import { skipConstant } from "./constant.ts";
import {
  type Export,
  type ExternalKind,
  externalKinds,
  type FunctionType,
  type Global,
  type Import,
  isReferenceType,
  isValueType,
  type Limits,
  sectionIds,
  type Table,
  type WasmModule,
} from "./module.ts";
import { malformed, unsupported } from "./reject.ts";

/** What the sections of one module declare, read section by section. */
export class Declarations {
  readonly #types: FunctionType[] = [];
  readonly #imports: Import[] = [];
  readonly #functions: number[] = [];
  readonly #tables: Table[] = [];
  readonly #memories: Limits[] = [];
  readonly #globals: Global[] = [];
  readonly #exports: Export[] = [];
  #importedFunctionCount = 0;
  #tagCount = 0;
  #bodyCount = 0;
  #start: number | undefined;

  get all(): Omit<WasmModule, "bytes" | "sections" | "customs"> {
    return {
      types: this.#types,
      imports: this.#imports,
      functions: this.#functions,
      importedFunctionCount: this.#importedFunctionCount,
      tables: this.#tables,
      memories: this.#memories,
      globals: this.#globals,
      tagCount: this.#tagCount,
      exports: this.#exports,
      start: this.#start,
    };
  }

  /** Reads the content of one section. */
  read(id: number, reader: ByteReader): void {
    switch (id) {
      case sectionIds.type:
        reader.list(() => this.#types.push(functionType(reader)));
        break;
      case sectionIds.import:
        reader.list(() => this.#import(reader));
        this.#importedFunctionCount = this.#functions.length;
        break;
      case sectionIds.function:
        reader.list(() => this.#functions.push(this.#typeIndex(reader)));
        break;
      case sectionIds.table:
        reader.list(() => this.#tables.push(table(reader)));
        break;
      case sectionIds.memory:
        reader.list(() => this.#memories.push(limits(reader, mostPages)));
        break;
      case sectionIds.tag:
        reader.list(() => this.#tag(reader));
        break;
      case sectionIds.global:
        reader.list(() => this.#global(reader));
        break;
      case sectionIds.export:
        reader.list(() => this.#export(reader));
        break;
      case sectionIds.start:
        this.#start = within(reader, this.#functions.length, "function");
        break;
      case sectionIds.code:
        this.#bodyCount = reader.count();
        return;
      default:
        // Segments stay as they are until a host rewrites them.
        return;
    }
    reader.expectEnd(`section ${id}`);
  }

  /** What can be said only when all sections have been read. */
  check(): void {
    const declaredCount = this.#functions.length - this.#importedFunctionCount;
    if (declaredCount !== this.#bodyCount) {
      throw malformed(0, `${declaredCount} functions with ${this.#bodyCount} bodies`);
    }
  }

  #import(reader: ByteReader): void {
    const [module, name] = [reader.name(), reader.name()];
    const kind = externalKind(reader);
    this.#imports.push({ module, name, kind });
    switch (kind) {
      case "function":
        this.#functions.push(this.#typeIndex(reader));
        return;
      case "table":
        this.#tables.push(table(reader));
        return;
      case "memory":
        this.#memories.push(limits(reader, mostPages));
        return;
      case "global":
        this.#globals.push(globalType(reader));
        return;
      case "tag":
        this.#tag(reader);
    }
  }

  #global(reader: ByteReader): void {
    const type = globalType(reader);
    const start = reader.offset;
    skipConstant(reader);
    this.#globals.push({ ...type, init: { start, end: reader.offset } });
  }

  #tag(reader: ByteReader): void {
    const at = reader.offset;
    if (reader.u8() !== 0) throw malformed(at, "an unknown kind of tag");
    this.#typeIndex(reader);
    this.#tagCount++;
  }

  #export(reader: ByteReader): void {
    const name = reader.name();
    const kind = externalKind(reader);
    const counts: Record<ExternalKind, number> = {
      function: this.#functions.length,
      table: this.#tables.length,
      memory: this.#memories.length,
      global: this.#globals.length,
      tag: this.#tagCount,
    };
    this.#exports.push({ name, kind, index: within(reader, counts[kind], kind) });
  }

  #typeIndex(reader: ByteReader): number {
    return within(reader, this.#types.length, "type");
  }
}

/** An index below `count`. */
function within(reader: ByteReader, count: number, what: string): number {
  const at = reader.offset;
  const index = reader.u32();
  if (index >= count) throw malformed(at, `no ${what} ${index}`);
  return index;
}

function functionType(reader: ByteReader): FunctionType {
  const form = reader.u8();
  if (form !== 0x60) throw unsupported(`the type form 0x${form.toString(16)}`);
  return { params: reader.list(() => valueType(reader)), results: reader.list(() => valueType(reader)) };
}

function valueType(reader: ByteReader): number {
  const type = reader.u8();
  if (!isValueType(type)) throw unsupported(`the value type 0x${type.toString(16)}`);
  return type;
}

function externalKind(reader: ByteReader): ExternalKind {
  const at = reader.offset;
  const kind = externalKinds[reader.u8()];
  if (kind === undefined) throw malformed(at, "an unknown kind of import or export");
  return kind;
}

function table(reader: ByteReader): Table {
  const elementType = reader.u8();
  if (!isReferenceType(elementType)) throw unsupported(`tables of 0x${elementType.toString(16)}`);
  const size = limits(reader, 0xffff_ffff);
  if (size.isShared) throw malformed(reader.offset, "a shared table");
  return { elementType, limits: size };
}

/** Pages of 64 KiB that 32 bits can address. */
const mostPages = 65_536;

/** How large a memory, in pages of 64 KiB, or a table, in entries, is and may become. */
function limits(reader: ByteReader, most: number): Limits {
  const at = reader.offset;
  const flags = reader.u8();
  if (flags & ~0b11) throw unsupported(flags & 0b100 ? "memory64" : `limits of kind ${flags}`);
  const [hasMaximum, isShared] = [(flags & 1) !== 0, (flags & 2) !== 0];
  if (isShared && !hasMaximum) throw malformed(at, "a shared memory without a maximum");
  const initial = reader.u32();
  const maximum = hasMaximum ? reader.u32() : undefined;
  if (initial > (maximum ?? most) || (maximum ?? 0) > most) throw malformed(at, "limits that can't be");
  return { initial, maximum, isShared };
}

function globalType(reader: ByteReader): Global {
  const type = valueType(reader);
  const at = reader.offset;
  const mutability = reader.u8();
  if (mutability > 1) throw malformed(at, "a global that is neither constant nor mutable");
  return { type, isMutable: mutability === 1 };
}
