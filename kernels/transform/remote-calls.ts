/**
 * `remote<T>("module/function", a, b)` and `call<T>(actor, "method", a, b)` take arguments of any types, which no signature
 * of AssemblyScript can say. So before anything is compiled, each of these is put into the generic function `__wray_arg` of
 * the SDK, which hands it to the host and returns its number.
 */

import { forEachNode, kinds, type Node } from "./syntax.ts";

type Identifier = Node & { readonly text: string };
type Call = Node & { readonly expression: Node; readonly typeArguments: unknown; args: Node[] };
type Import = Node & {
  readonly path: { readonly value: string };
  readonly declarations: ImportDeclaration[] | null;
  readonly namespaceName: Identifier | null;
};
type ImportDeclaration = Node & { readonly name: Identifier; readonly foreignName: Identifier };
type PropertyAccess = Node & { readonly expression: Node; readonly property: Identifier };

const isIdentifier = (node: Node): node is Identifier => node.kind === kinds.identifier;
const isCall = (node: Node): node is Call => node.kind === kinds.call;
const isPropertyAccess = (node: Node): node is PropertyAccess => node.kind === kinds.propertyAccess;
const isImport = (node: Node): node is Import => node.kind === kinds.import;

const argFunction = "__wray_arg";
/** How many arguments each of these functions has of its own, before those that it passes on. */
const ownArgs = new Map([
  ["remote", 1],
  ["call", 2],
]);

/** Rewrites the calls of the SDK's `remote` and `call` in a source, by whatever names it imports them. */
export function rewriteRemoteCalls(source: { readonly statements: readonly object[] }): void {
  const names = new Map<string, number>();
  const namespaces = new Set<string>();
  for (const statement of source.statements as readonly Node[]) {
    if (!isImport(statement) || !/(^|\/)kernels\/sdk(\/index)?$/.test(statement.path.value)) continue;
    for (const declaration of [...(statement.declarations ?? [])]) {
      const ownCount = ownArgs.get(declaration.foreignName.text);
      if (ownCount === undefined) continue;
      if (names.size === 0) statement.declarations!.push(alsoImporting(declaration));
      names.set(declaration.name.text, ownCount);
    }
    if (statement.namespaceName !== null) namespaces.add(statement.namespaceName.text);
  }
  if (names.size === 0 && namespaces.size === 0) return;

  const ownCountOf = (callee: Node): number | undefined => {
    if (isIdentifier(callee)) return names.get(callee.text);
    if (!isPropertyAccess(callee) || !isIdentifier(callee.expression)) return undefined;
    return namespaces.has(callee.expression.text) ? ownArgs.get(callee.property.text) : undefined;
  };
  forEachNode(source.statements, (node) => {
    if (!isCall(node)) return;
    const ownCount = ownCountOf(node.expression);
    if (ownCount === undefined) return;
    node.args = node.args.map((arg, index) => (index < ownCount ? arg : wrapped(node, arg)));
  });
}

// New nodes are made by the classes of those at hand, since the compiler itself can't be imported here.

/** The name of the SDK's function in the place of another of its names. */
function nameLike(identifier: Identifier): Identifier {
  const IdentifierExpression = identifier.constructor as new (
    text: string,
    isQuoted: boolean,
    range: object,
  ) => Identifier;
  return new IdentifierExpression(argFunction, false, identifier.range);
}

/** `__wray_arg` beside what is imported already. */
function alsoImporting(declaration: ImportDeclaration): ImportDeclaration {
  const Declaration = declaration.constructor as new (
    name: Node,
    foreignName: Node,
    range: object,
  ) => ImportDeclaration;
  const name = nameLike(declaration.foreignName);
  return new Declaration(name, name, declaration.range);
}

/** `__wray_arg(arg)`, or `sdk.__wray_arg(arg)` for `sdk.remote` and `sdk.call`. */
function wrapped(call: Call, arg: Node): Node {
  const CallExpression = call.constructor as new (
    callee: Node,
    types: null,
    args: Node[],
    range: object,
  ) => Node;
  const callee = call.expression;
  const argCallee = isPropertyAccess(callee) ? sibling(callee) : nameLike(callee as Identifier);
  return new CallExpression(argCallee, null, [arg], arg.range);
}

function sibling(access: PropertyAccess): Node {
  const PropertyAccessExpression = access.constructor as new (
    object: Node,
    property: Node,
    range: object,
  ) => Node;
  return new PropertyAccessExpression(access.expression, nameLike(access.property), access.range);
}
