/** What a module says about itself, in its custom section `wray.manifest` (UTF-8 JSON). */
export type Manifest = {
  version: 1;
  /** The module's name: the base name of its entry source, `vector` for `vector.ts`. */
  module: string;
  /** Every exported function of the entry source, in source order. */
  kernels: KernelSignature[];
  /** Run-time class ids, by which the loader allocates: `{ Float64Array: 5 }`. */
  runtimeIds: Record<string, number>;
  /** The names under which every mutable global is exported, so that a host can reset an instance. */
  globals: string[];
};

/** One kernel: its name, what it takes and returns, and where its source stands (line from 1). */
export type KernelSignature = {
  name: string;
  params: Param[];
  returns: Type;
  file: string;
  line: number;
};

export type Param = { name: string; type: Type; optional?: true };

export type Type = ScalarType | "void" | "string" | "ArrayBuffer" | TypedArrayName;

export type ScalarType = (typeof scalarTypes)[number];
export type TypedArrayName = (typeof typedArrayNames)[number];

export const scalarTypes = [
  "bool",
  "i8",
  "u8",
  "i16",
  "u16",
  "i32",
  "u32",
  "i64",
  "u64",
  "f32",
  "f64",
] as const;

export const typedArrayNames = [
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float32Array",
  "Float64Array",
] as const;

/** The name of the custom section that holds the manifest. */
export const manifestSection = "wray.manifest";

const names = (list: readonly string[]) => (name: string) => list.includes(name);

export const isTypedArrayName = names(typedArrayNames) as (name: string) => name is TypedArrayName;
export const isScalarType = names(scalarTypes) as (name: string) => name is ScalarType;
