/**
 * `remote<T>("module/function", a, b)` takes arguments of any types, which no signature of AssemblyScript can say. So
 * before anything is compiled, each argument after the first is put into the generic function `__wray_arg` of the SDK,
 * which hands it to the host and returns its number.
 */

/** What is read of a node of the compiler's syntax tree. */
type Node = { readonly kind: number; readonly range: object };
type Identifier = Node & { readonly text: string };
type Call = Node & { readonly expression: Node; readonly typeArguments: unknown; args: Node[] };
type Import = Node & {
  readonly path: { readonly value: string };
  readonly declarations: readonly { readonly name: Identifier; readonly foreignName: Identifier }[] | null;
  readonly namespaceName: Identifier | null;
};
type PropertyAccess = Node & { readonly expression: Node; readonly property: Identifier };

/** The compiler's `NodeKind`. */
const kinds = { identifier: 7, call: 10, propertyAccess: 22, import: 43 } as const;

const isIdentifier = (node: Node): node is Identifier => node.kind === kinds.identifier;
const isCall = (node: Node): node is Call => node.kind === kinds.call;
const isPropertyAccess = (node: Node): node is PropertyAccess => node.kind === kinds.propertyAccess;
const isImport = (node: Node): node is Import => node.kind === kinds.import;

const argFunction = "__wray_arg";

/** Rewrites the calls of the SDK's `remote` in a source, by whatever name it imports it. */
export function rewriteRemoteCalls(source: { readonly statements: readonly object[] }): void {
  const names = new Set<string>();
  const namespaces = new Set<string>();
  for (const statement of source.statements as readonly Node[]) {
    if (!isImport(statement) || !/(^|\/)kernels\/sdk(\/index|\/tasks)?$/.test(statement.path.value)) continue;
    for (const { name, foreignName } of statement.declarations ?? []) {
      if (foreignName.text === "remote") names.add(name.text);
    }
    if (statement.namespaceName !== null) namespaces.add(statement.namespaceName.text);
  }
  if (names.size === 0 && namespaces.size === 0) return;

  const calleeOf = ({ expression }: Call): Identifier | undefined => {
    if (isIdentifier(expression)) return names.has(expression.text) ? expression : undefined;
    if (!isPropertyAccess(expression) || expression.property.text !== "remote") return undefined;
    const { expression: object, property } = expression;
    return isIdentifier(object) && namespaces.has(object.text) ? property : undefined;
  };
  forEachNode(source.statements, (node) => {
    if (!isCall(node)) return;
    const callee = calleeOf(node);
    if (callee === undefined) return;
    node.args = node.args.map((arg, index) => (index === 0 ? arg : wrapped(node, callee, arg)));
  });
}

/** `__wray_arg(arg)`, made by the classes of the nodes at hand: the compiler itself can't be imported here. */
function wrapped(call: Call, callee: Identifier, arg: Node): Node {
  const IdentifierExpression = callee.constructor as new (
    text: string,
    isQuoted: boolean,
    range: object,
  ) => Node;
  const CallExpression = call.constructor as new (
    callee: Node,
    types: null,
    args: Node[],
    range: object,
  ) => Node;
  return new CallExpression(new IdentifierExpression(argFunction, false, arg.range), null, [arg], arg.range);
}

/** Visits every node below, the inner before the outer. */
function forEachNode(value: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const each of value) forEachNode(each, visit);
    return;
  }
  if (typeof value !== "object" || value === null || !("kind" in value) || !("range" in value)) return;
  for (const [name, child] of Object.entries(value)) if (name !== "range") forEachNode(child, visit);
  visit(value as Node);
}
