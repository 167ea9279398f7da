/**
 * The part of the AssemblyScript compiler that the transform reads. Its own typings declare globals such as
 * `i32` for the whole program, so they are not imported; nor is the compiler itself, because the only right
 * copy is the one that is running the transform.
 */
export type Program = {
  readonly sources: readonly Source[];
  readonly filesByName: ReadonlyMap<string, File>;
  /** Every function and class whose types are resolved, those of generic ones by their type arguments. */
  readonly instancesByName: ReadonlyMap<string, unknown>;
  readonly options: { readonly exportRuntime: boolean };
  readonly resolver: { resolveFunction(prototype: FunctionPrototype, typeArguments: null): Instance | null };
  readonly stringInstance: Class;
  readonly arrayBufferInstance: Class;
  /** The module as the compiler wraps it; its custom sections may be larger than Binaryen's own stack. */
  readonly module: {
    addCustomSection(name: string, contents: Uint8Array): void;
  };
  /** What has been reported so far. */
  readonly diagnostics: readonly { readonly category: number }[];
  error(code: number, range: Range | null, arg0: string, arg1: string): void;
};

export type Range = { readonly source: Source; readonly start: number; toString(): string };

export type Source = {
  readonly sourceKind: number;
  /** The path relative to where `asc` runs, or `~lib/…` in a package. */
  readonly normalizedPath: string;
  readonly internalPath: string;
  readonly range: Range;
  lineAt(position: number): number;
};

export type File = {
  readonly source: Source;
  readonly exports: Map<string, Element> | null;
  readonly exportsStar: readonly File[] | null;
};

/** Whatever can be exported: a function, a variable, an enum, a class, a namespace. */
export type Element = FunctionPrototype | Variable | { readonly identifierNode: Node };

export type FunctionPrototype = {
  readonly name: string;
  readonly identifierNode: Node;
  readonly typeParameterNodes: readonly Node[] | null;
  readonly functionTypeNode: {
    readonly parameters: readonly Parameter[];
    readonly returnType: Node;
  };
  readonly bodyNode: Node | null;
};

export type Parameter = {
  readonly name: Node & { readonly text: string };
  readonly type: Node;
  readonly parameterKind: number;
};

export type Variable = {
  readonly identifierNode: Node;
  readonly initializerNode: Node | null;
  readonly type: Type;
};

export type Node = { readonly range: Range };

/** A function whose types are resolved. */
export type Instance = {
  readonly signature: Signature;
  readonly prototype: FunctionPrototype;
  readonly typeArguments: readonly Type[] | null;
};

export type Signature = {
  readonly parameterTypes: readonly Type[];
  readonly returnType: Type;
  readonly requiredParameters: number;
};

export type Type = {
  readonly isNullableReference: boolean;
  readonly isFunction: boolean;
  getClass(): Class | null;
  /** `i32`, `~lib/string/String`, `~lib/array/Array<f64>`, `… | null`. */
  toString(): string;
};

export type Class = {
  /** The run-time class id. */
  readonly id: number;
  /** `Pair<~lib/string/String>` */
  readonly name: string;
  readonly internalName: string;
  readonly identifierNode: Node;
  readonly prototype: { readonly name: string };
  readonly typeArguments: readonly Type[] | null;
  readonly base: Class | null;
  readonly isInterface: boolean;
  /** What an instance has, inherited or its own: fields, accessors and methods. */
  readonly members: ReadonlyMap<string, Member> | null;
  /** How many bytes an instance takes. */
  readonly nextMemoryOffset: number;
  is(flag: number): boolean;
  hasDecorator(flag: number): boolean;
};

export type Member = {
  readonly name: string;
  readonly identifierNode: Node;
  is(flag: number): boolean;
  /** Of a field. */
  readonly fieldDeclaration?: object | null;
  /** Of a field or an accessor that has been resolved. */
  readonly instance?: { readonly type: Type; readonly memoryOffset: number } | null;
};

/** The compiler's `SourceKind.UserEntry`: a file named on the command line. */
export const userEntry = 1;

/** The compiler's `ParameterKind.Rest`. */
export const restParameter = 2;

/** Of the compiler's `CommonFlags`. */
export const flags = { abstract: 1 << 7, private: 1 << 9, protected: 1 << 10 } as const;

/** The compiler's `DecoratorFlags.Unmanaged`. */
export const unmanagedDecorator = 1 << 4;

/** The compiler's `DiagnosticCategory.Error`. */
export const errorCategory = 3;

/** The compiler's `DiagnosticCode.Transform_0_1`: `Transform '{0}': {1}`. */
export const transformDiagnostic = 109;

export const isFunctionPrototype = (element: Element): element is FunctionPrototype =>
  "functionTypeNode" in element;
export const isFunctionVariable = (element: Element): element is Variable =>
  "initializerNode" in element && element.type.isFunction;
export const isGenericInstance = (
  element: unknown,
): element is Instance & { typeArguments: readonly [Type, ...Type[]] } => {
  const { signature, typeArguments } = element as Partial<Instance>;
  return signature !== undefined && (typeArguments?.length ?? 0) > 0;
};
