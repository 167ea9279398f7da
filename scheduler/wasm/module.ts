/** Types of values by the byte that stands for them. */
export const valueTypes = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
  funcref: 0x70,
  externref: 0x6f,
} as const;

const knownTypes = new Set<number>(Object.values(valueTypes));
export const isValueType = (byte: number): boolean => knownTypes.has(byte);

export const isReferenceType = (byte: number): boolean =>
  byte === valueTypes.funcref || byte === valueTypes.externref;

/** Sections by their number. */
export const sectionIds = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;

/** In the order of the numbers that stand for them. */
export const externalKinds = ["function", "table", "memory", "global", "tag"] as const;
export type ExternalKind = (typeof externalKinds)[number];

/** A section; its content lies from `start` to `end` of the binary. */
export type Section = { id: number; start: number; end: number };
/** Its payload lies from `start` to `end`; the section begins at `at`. */
export type CustomSection = { name: string; at: number; start: number; end: number };

/** Types of parameters and results, each as its byte. */
export type FunctionType = { params: number[]; results: number[] };
export type Limits = { initial: number; maximum: number | undefined; isShared: boolean };
export type Table = { elementType: number; limits: Limits };
/** `init` is where its first value stands. An imported one has none. */
export type Global = { type: number; isMutable: boolean; init?: { start: number; end: number } };
export type Import = { module: string; name: string; kind: ExternalKind };
export type Export = { name: string; kind: ExternalKind; index: number };

/** What a module declares. Imported functions, tables, memories, globals and tags come first in their lists. */
export type WasmModule = {
  bytes: Uint8Array<ArrayBuffer>;
  /** All but the custom ones, by their number. */
  sections: ReadonlyMap<number, Section>;
  customs: readonly CustomSection[];
  types: readonly FunctionType[];
  imports: readonly Import[];
  /** Of each function, the index of its type. */
  functions: readonly number[];
  importedFunctionCount: number;
  tables: readonly Table[];
  memories: readonly Limits[];
  globals: readonly Global[];
  tagCount: number;
  exports: readonly Export[];
  /** The function that runs when the module is instantiated. */
  start: number | undefined;
};
