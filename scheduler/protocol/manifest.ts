/** What a module says about itself, in its custom section `wray.manifest` (UTF-8 JSON). */
export type Manifest = {
  version: 1;
  /** The module's name: the base name of its entry source, `vector` for `vector.ts`. */
  module: string;
  /** Every exported function of the entry source, in source order. */
  kernels: KernelSignature[];
  /** The actor classes that the entry source exports. */
  actors?: ActorSignature[];
  /** The plain-data classes among the types, by the names that `{ object }` uses. */
  classes: Record<string, ClassLayout>;
  /** Run-time class ids of all that lives in memory, by `typeName` without `| null`: `{ "string": 2, "Array<f64>": 7 }`. */
  runtimeIds: Record<string, number>;
  /** What nested calls pass and get, by run-time class id: the types behind the addresses that they hand over. */
  nested?: Record<string, Type>;
  /** WGSL texts, by the names of their files. */
  shaders?: Record<string, string>;
  /** Whether a host inserts preemption checks. `false` is for modules built without; default true. */
  preempt?: boolean;
};

/** One kernel: its name, what it takes and returns, and where its source stands (line from 1). */
export type KernelSignature = {
  name: string;
  params: Param[];
  returns: Type;
  file: string;
  line: number;
  /** How it runs on a GPU, if it is for one. */
  gpu?: GpuKernel;
  /** The kernels of the module that do the same, with the same signature, by the names of these variants. */
  variants?: Record<string, string>;
};

/** What a kernel does on a GPU. */
export type GpuKernel =
  /** One that hosts know by this name. */
  | { plan: string }
  /** Takes what a kernel with several results has left, and gives the one of this name. */
  | { field: string }
  | GpuDispatches;

/** Dispatches of a shader, one after the other, and the buffers that they share by name: arguments, and new ones. */
export type GpuDispatches = {
  /** Which of the manifest's. */
  shader: string;
  /** How many elements each new buffer has. */
  buffers: Record<string, Formula>;
  /** The arguments that are written to: copies of them are. */
  updates: string[];
  /** The buffers that are left when it is done, new ones or updated ones. */
  outputs: string[];
  steps: GpuDispatch[];
};

export type GpuDispatch = {
  /** May be left out when the shader has one entry point. */
  entry?: string;
  /** One to three. */
  workgroups: Formula[];
  /** Override constants. */
  constants?: Record<string, Formula>;
  /** Uniforms that are no arguments, or members of them. */
  uniforms?: Record<string, Formula | Record<string, Formula>>;
  /** The buffer for a variable, where it is not called like it. */
  buffers?: Record<string, string>;
};

/** A number, or arithmetic with what arguments tell: `"x.length / 64"`. */
export type Formula = number | string;

/** An actor class: what makes one, and its methods by their names. `create.name` is `new`. */
export type ActorSignature = {
  name: string;
  create: KernelSignature;
  methods: ActorMethod[];
  file: string;
  line: number;
};

/** A method of an actor; one that is `readonly` leaves the actor as it was. */
export type ActorMethod = KernelSignature & { readonly?: true };

/** The exported function of an actor's method, or, with `new`, of what makes it. */
export const actorExport = (actor: string, method: string): string => `${actor}$${method}`;

/** What a manifest says of an exported function: a kernel, or what belongs to an actor. */
export function signatureOf(
  { kernels, actors = [] }: Manifest,
  exported: string,
): KernelSignature | undefined {
  const kernel = kernels.find(({ name }) => name === exported);
  if (kernel !== undefined) return kernel;
  for (const { name, create, methods } of actors) {
    const found = [create, ...methods].find((each) => actorExport(name, each.name) === exported);
    if (found !== undefined) return found;
  }
  return undefined;
}

export type Param = { name: string; type: Type; optional?: true };

/** How the fields of a class lie in its `bytes` of memory; those of its base class come first. */
export type ClassLayout = { bytes: number; fields: Field[] };
export type Field = { name: string; type: Type; offset: number };

export type Type =
  | ScalarType
  | "void"
  | "string"
  | "ArrayBuffer"
  | TypedArrayName
  /** `Array<T>`: an array outside. */
  | { array: Type }
  /** `StaticArray<T>`: an array outside. */
  | { staticArray: Type }
  /** An object of the class of this name in `classes`: a plain object outside. */
  | { object: string }
  /** A reference that may be null. */
  | { nullable: Type };

/** How deep arrays and objects may lie in each other, so that no value fills a stack or leads back to itself. */
export const maxValueDepth = 64;

/** A type as AssemblyScript writes it, with JavaScript's names of typed arrays: `Array<Point | null>`. */
export function typeName(type: Type): string {
  if (typeof type === "string") return type;
  if ("array" in type) return `Array<${typeName(type.array)}>`;
  if ("staticArray" in type) return `StaticArray<${typeName(type.staticArray)}>`;
  if ("nullable" in type) return `${typeName(type.nullable)} | null`;
  return type.object;
}

export const isNullable = (type: Type): type is { nullable: Type } =>
  typeof type === "object" && "nullable" in type;
export const withoutNull = (type: Type): Exclude<Type, { nullable: Type }> =>
  (isNullable(type) ? type.nullable : type) as never;
/** The type of an array's elements. */
export const elementOf = (type: { array: Type } | { staticArray: Type }): Type =>
  "array" in type ? type.array : type.staticArray;

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

const names = (list: readonly string[]) => (name: unknown) => list.includes(name as string);

export const isTypedArrayName = names(typedArrayNames) as (name: unknown) => name is TypedArrayName;
export const isScalarType = names(scalarTypes) as (name: unknown) => name is ScalarType;
