import { kinds } from "./syntax.ts";

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
  readonly elementsByDeclaration: ReadonlyMap<object, Element>;
  readonly options: { readonly exportRuntime: boolean; readonly runtime: number };
  readonly resolver: {
    resolveClass(prototype: ClassPrototype, typeArguments: null): Class | null;
    /** @param types what the names of type parameters mean; it counts the first time */
    resolveFunction(
      prototype: FunctionPrototype,
      typeArguments: null,
      types?: Map<string, Type>,
    ): Instance | null;
  };
  readonly parser: Parser;
  /** Makes a parsed function a member of its parent; null after an error, such as that the name is taken. */
  initializeFunction(declaration: Statement, parent: Parent): FunctionPrototype | null;
  /** Makes parsed variables members of their parent. */
  initializeVariables(statement: Statement, parent: Parent): void;
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

/** A fresh one, made by its `constructor`, has nothing to do with the program but where it reports errors. */
export type Parser = {
  readonly sources: readonly Source[];
  parseFile(text: string, path: string, isEntry: boolean): void;
};

/** A parsed function or declaration of variables. */
export type Statement = Node & { readonly kind: number; signature?: FunctionType };

export type Range = { readonly source: Source; readonly start: number; toString(): string };

export type Source = {
  readonly sourceKind: number;
  /** The path relative to where `asc` runs, or `~lib/…` in a package. */
  readonly normalizedPath: string;
  readonly internalPath: string;
  readonly range: Range;
  readonly statements: readonly Statement[];
  lineAt(position: number): number;
};

export type File = {
  readonly source: Source;
  readonly exports: Map<string, Element> | null;
  readonly exportsStar: readonly File[] | null;
  ensureExport(name: string, element: Element): void;
};

/** What elements stand in: a file, or a namespace. */
export type Parent = {
  readonly members: ReadonlyMap<string, Element> | null;
  /** Makes an element known here, as an import of this name does. */
  add(name: string, element: Element, imported: Node): boolean;
};

/** Whatever can be exported: a function, a variable, an enum, a class, a namespace. */
export type Element = FunctionPrototype | Variable | ClassPrototype | { readonly identifierNode: Node };

export type FunctionPrototype = {
  readonly name: string;
  readonly identifierNode: Node;
  readonly typeParameterNodes: readonly Node[] | null;
  readonly functionTypeNode: FunctionType;
  readonly bodyNode: Node | null;
  /** Of a method. */
  readonly parent: ClassPrototype;
  readonly declaration: Declaration;
  is(flag: number): boolean;
  set(flag: number): void;
};

export type FunctionType = { parameters: readonly Parameter[]; returnType: Node };

/** A class as it is written, before its types are resolved. */
export type ClassPrototype = {
  readonly name: string;
  readonly identifierNode: Node;
  readonly typeParameterNodes: readonly Node[] | null;
  readonly parent: Parent;
  readonly basePrototype: ClassPrototype | null;
  readonly constructorPrototype: FunctionPrototype | null;
  /** Fields, accessors and methods, none inherited. */
  readonly instanceMembers: ReadonlyMap<string, Element> | null;
  readonly declaration: Declaration;
  is(flag: number): boolean;
};

/** What a class, a function and the like are in the syntax tree. */
export type Declaration = Node & {
  readonly kind: number;
  readonly name: Node;
  readonly decorators: readonly Decorator[] | null;
};
export type Decorator = Node & { readonly name: Node & { readonly text?: string } };

export type Parameter = Node & {
  readonly name: Node & { readonly text: string };
  readonly type: Node;
  readonly parameterKind: number;
  readonly initializer: Node | null;
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
  /** What the names of its own type parameters and of its bases' mean. */
  readonly contextualTypeArguments: ReadonlyMap<string, Type> | null;
  readonly type: Type;
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
export const flags = {
  abstract: 1 << 7,
  private: 1 << 9,
  protected: 1 << 10,
  constructor: 1 << 19,
  /** Small integers that it returns are cut to their size. */
  moduleExport: 1 << 20,
} as const;

/** The compiler's `Runtime`. */
export const runtimes = { stub: 0, minimal: 1, incremental: 2 } as const;

/** The compiler's `DecoratorFlags.Unmanaged`. */
export const unmanagedDecorator = 1 << 4;

/** The compiler's `DiagnosticCategory.Error`. */
export const errorCategory = 3;

/** The compiler's `DiagnosticCode.Transform_0_1`: `Transform '{0}': {1}`. */
export const transformDiagnostic = 109;

export const isFunctionPrototype = (element: Element): element is FunctionPrototype =>
  "functionTypeNode" in element;
export const isClassPrototype = (element: Element): element is ClassPrototype =>
  "instanceMembers" in element && element.declaration.kind === kinds.classDeclaration;
export const isFunctionVariable = (element: Element): element is Variable =>
  "initializerNode" in element && element.type.isFunction;
export const isGenericInstance = (
  element: unknown,
): element is Instance & { typeArguments: readonly [Type, ...Type[]] } => {
  const { signature, typeArguments } = element as Partial<Instance>;
  return signature !== undefined && (typeArguments?.length ?? 0) > 0;
};
